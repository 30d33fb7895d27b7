import PipelineModel

/// A verdict in sentences: the one that people read first, and the short one that fits a commit status.
public struct VerdictWords: Sendable {
    private let verdict: Verdict

    /// Puts a verdict into words.
    public init(_ verdict: Verdict) { self.verdict = verdict }

    /// The verdict with the numbers that decide, as a commit status has it: without a sign or markup.
    public var status: String {
        guard let metric = decisive else { return "no metric is judged" }
        let name = metric.rule.metric
        switch verdict.answer {
        case .missing: return metric.remark ?? "no \(name) was reported"
        case .worse: return worse(metric)
        case .inconclusive: return "cannot tell yet: \(compared(metric))" + doubt(metric)
        case .better: return "better: \(compared(metric)), nothing worse (\(counts))"
        case .noWorse: return "no metric is worse than on \(baselineName) (\(counts))"
        case .withinLimits: return "no results of \(baselineName) to compare with; every limit holds"
        }
    }

    /// What a sentence is written in.
    enum Form {
        case plain, markdown

        /// A name, which stands out in Markdown.
        func name(_ name: String) -> String { self == .plain ? name : Markdown.code(name) }

        /// A stranger's words.
        func text(_ text: String) -> String { self == .plain ? text : Markdown.text(text, limit: 400) }
    }

    /// The report's first line, with its sign; the decisive name and number stand out in Markdown.
    func headline(_ form: Form) -> String {
        guard let metric = decisive else { return "✓ No metric is judged." }
        let name = form.name(metric.rule.metric)
        let baseline = form.name(baselineName)
        switch verdict.answer {
        case .missing:
            return "✗ \(metric.remark.map { form.text(Self.sentence($0)) } ?? "\(name) was not reported"). "
                + "The gate needs it; a missing number never passes."
        case .worse where !metric.isBlocking:
            return "! \(name) looks worse than on \(baseline), by one seed: a hint, no proof."
        case .worse:
            if let limit = metric.brokenLimit, let mean = metric.mean {
                return "✗ Not yet: \(name) is \(NumberText.of(mean)); the gate allows \(limit)."
            }
            if let ratchet = metric.ratchet, !ratchet.holds, let release = verdict.release {
                let digits = NumberText.decimals(for: [ratchet.loss, ratchet.budget])
                return "✗ Not yet: \(name) has lost \(NumberText.of(ratchet.loss, decimals: digits)) since "
                    + "\(form.name(release.name)); the ratchet allows \(NumberText.of(ratchet.budget, decimals: digits)) in all."
            }
            return "✗ Not yet: \(name) is worse than on \(baseline), by \(loss(of: metric)). "
                + "The gate allows \(allowed(by: metric))."
        case .inconclusive:
            let block = verdict.mustShow ? " An earlier push was worse, so this one has to show that it is not." : ""
            return "○ Cannot tell yet: \(name) \(change(of: metric)).\(block)\(more(for: metric, form))"
        case .better: return "✓ Better: \(name) \(change(of: metric)), nothing worse (\(counts))."
        case .noWorse: return "✓ Safe to merge: no metric is worse than on \(baseline) (\(counts))."
        case .withinLimits:
            let name = verdict.baseline.map { form.name($0.name) } ?? "the target branch"
            return "! No baseline: \(name) has no results to compare with. Judged by limits only; all held."
        }
    }

    // MARK: - Parts

    /// The metric that the answer is due to.
    private var decisive: MetricVerdict? {
        let same = verdict.metrics.filter { $0.answer == verdict.answer }
        return same.first { $0.isBlocking == verdict.isBlocking } ?? same.first ?? verdict.metrics.first
    }

    private var baselineName: String { verdict.baseline?.name ?? "the baseline" }

    private var counts: String {
        let seeds = verdict.metrics.map(\.values.count).max() ?? 0
        let metrics = verdict.metrics.count
        return "\(metrics) \(metrics == 1 ? "metric" : "metrics"), \(seeds) \(seeds == 1 ? "seed" : "seeds")"
    }

    private func worse(_ metric: MetricVerdict) -> String {
        let name = metric.rule.metric
        if let limit = metric.brokenLimit, let mean = metric.mean {
            return "\(name) is \(NumberText.of(mean)), \(limit) is allowed"
        }
        if let ratchet = metric.ratchet, !ratchet.holds {
            let digits = NumberText.decimals(for: [ratchet.loss, ratchet.budget])
            return "\(name) has lost \(NumberText.of(ratchet.loss, decimals: digits)) since "
                + "\(verdict.release?.name ?? "the last release"), "
                + "\(NumberText.of(ratchet.budget, decimals: digits)) allowed in all"
        }
        let seeds = metric.values.count
        return "\(numbers(metric)): worse by \(loss(of: metric)), \(allowed(by: metric)) allowed "
            + "(\(seeds) \(seeds == 1 ? "seed" : "seeds"))"
    }

    /// `f1 0.8038, main 0.8108`
    private func numbers(_ metric: MetricVerdict) -> String {
        guard let mean = metric.mean, let baseline = metric.baselineMean else { return metric.rule.metric }
        let digits = NumberText.decimals(for: [mean, baseline])
        return "\(metric.rule.metric) \(NumberText.of(mean, decimals: digits)), "
            + "\(baselineName) \(NumberText.of(baseline, decimals: digits))"
    }

    private func compared(_ metric: MetricVerdict) -> String { "\(metric.rule.metric) \(change(of: metric))" }

    /// `−0.0006 (−0.0034 to +0.0022)`
    private func change(of metric: MetricVerdict) -> String {
        guard let comparison = metric.comparison else { return "unknown" }
        let digits = Self.digits(of: metric)
        let change = NumberText.change(comparison.change, decimals: digits)
        guard let low = comparison.low, let high = comparison.high else { return "\(change) by one seed" }
        return "\(change) (\(NumberText.change(low, decimals: digits)) to \(NumberText.change(high, decimals: digits)))"
    }

    private func loss(of metric: MetricVerdict) -> String {
        NumberText.of(abs(metric.comparison?.change ?? 0), decimals: Self.digits(of: metric))
    }

    private func allowed(by metric: MetricVerdict) -> String {
        NumberText.of(metric.comparison?.allowed ?? 0, decimals: Self.digits(of: metric))
    }

    /// As many digits as the metric itself is shown with.
    static func digits(of metric: MetricVerdict) -> Int {
        NumberText.decimals(for: [metric.mean ?? 0, metric.baselineMean ?? 0])
    }

    private func doubt(_ metric: MetricVerdict) -> String {
        if let ratchet = metric.ratchet, !ratchet.holds { return "; the ratchet may be spent" }
        return metric.comparison?.moreSeeds.map { "; about \($0) more seeds may decide" } ?? ""
    }

    private func more(for metric: MetricVerdict, _ form: Form) -> String {
        if let ratchet = metric.ratchet, !ratchet.holds, let release = verdict.release {
            return " More than the ratchet allows may be lost since \(form.name(release.name))."
        }
        return metric.comparison?.moreSeeds.map { " About \($0) more seeds may decide." } ?? ""
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
