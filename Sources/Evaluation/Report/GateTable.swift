import PipelineModel

/// A verdict as rows of text, a metric in each: the same in the terminal, on a page and in a report.
public struct GateTable: Sendable {
    /// One metric.
    public struct Row: Hashable, Sendable {
        /// Its name.
        public var metric: String
        /// The direction that is better, as an arrow.
        public var arrow: String
        /// What the change has.
        public var value: String
        /// What the baseline has; empty where there is none.
        public var baseline: String
        /// The difference, with its sign.
        public var change: String
        /// From where to where it may be.
        public var interval: String
        /// The answer.
        public var answer: Verdict.Answer
        /// Whether it fails the job.
        public var isBlocking: Bool
        /// The answer in words, with what is allowed.
        public var words: String

        /// How good an answer is.
        public enum Tone: Sendable { case good, bad, open, attention }

        /// How good the answer is, by whether it fails the job.
        public var tone: Tone {
            switch answer {
            case .better, .noWorse, .withinLimits: .good
            case .inconclusive: isBlocking ? .bad : .open
            case .worse: isBlocking ? .bad : .attention
            case .missing: .bad
            }
        }

        /// The sign that stands before the words, wherever there is UTF-8.
        public var sign: String {
            switch tone {
            case .good: "✓"
            case .bad: "✗"
            case .open: "○"
            case .attention: "!"
            }
        }
    }

    private let verdict: Verdict

    /// Makes a table of a verdict.
    public init(_ verdict: Verdict) { self.verdict = verdict }

    /// What the baseline is called.
    public var baselineName: String { verdict.baseline?.name ?? "baseline" }

    /// The rows, in the order of the rules.
    public var rows: [Row] { verdict.metrics.map(row) }

    private func row(_ metric: MetricVerdict) -> Row {
        let digits = VerdictWords.digits(of: metric)
        func text(_ number: Double?) -> String { number.map { NumberText.of($0, decimals: digits) } ?? "" }
        let comparison = metric.comparison
        var interval = ""
        if let low = comparison?.low, let high = comparison?.high {
            interval = "\(NumberText.change(low, decimals: digits)) to \(NumberText.change(high, decimals: digits))"
        }
        return Row(
            metric: metric.rule.metric, arrow: metric.rule.want == .higher ? "↑" : "↓", value: text(metric.mean),
            baseline: text(metric.baselineMean),
            change: comparison.map { NumberText.change($0.change, decimals: digits) } ?? "", interval: interval,
            answer: metric.answer, isBlocking: metric.isBlocking, words: words(metric, digits))
    }

    private func words(_ metric: MetricVerdict, _ digits: Int) -> String {
        var parts = [Self.word(for: metric.answer)]
        if let limit = metric.brokenLimit {
            parts.append(limit)
        } else if let ratchet = metric.ratchet, !ratchet.holds {
            parts.append("the ratchet of \(NumberText.of(ratchet.budget, decimals: digits)) may be spent")
        } else if metric.answer == .missing {
            parts.append(metric.remark ?? "not reported")
        } else if let allowed = metric.comparison?.allowed, allowed > 0, metric.answer != .better {
            let sign = metric.rule.want == .higher ? -1.0 : 1.0
            parts.append("allowed \(NumberText.change(sign * allowed, decimals: digits))")
        } else if let limit = metric.rule.want == .higher ? metric.rule.min : metric.rule.max {
            parts.append("\(metric.rule.want == .higher ? "at least" : "at most") \(NumberText.of(limit)) wanted")
        }
        if let remark = metric.remark, metric.answer != .missing { parts.append(remark) }
        return parts.joined(separator: ", ")
    }

    /// What an answer is called.
    public static func word(for answer: Verdict.Answer) -> String {
        switch answer {
        case .better: "better"
        case .noWorse: "no worse"
        case .withinLimits: "within limits"
        case .inconclusive: "cannot tell"
        case .worse: "worse"
        case .missing: "missing"
        }
    }

    /// How it was judged, in a line: `5 seeds, paired by seed; would find an f1 loss of 0.0060 8 times in 10`.
    public var method: String {
        guard let metric = verdict.metrics.first(where: { $0.comparison?.method != nil }) ?? verdict.metrics.first
        else { return "" }
        let seeds = metric.values.count
        var text = "\(seeds) \(seeds == 1 ? "seed" : "seeds")"
        switch metric.comparison?.method {
        case .paired: text += ", paired by seed"
        case .welch: text += " against \(metric.baseline.count)"
        case .fixed: text += " against a fixed value"
        case .examples: text += ", by \(metric.examples?.count ?? 0) examples; what another seed would do is not in it"
        case .single, nil: break
        }
        if let size = metric.comparison?.detectable, size.isFinite, size > 0 {
            let digits = VerdictWords.digits(of: metric)
            text +=
                "; would find a loss of \(NumberText.of(size, decimals: digits)) of \(metric.rule.metric) 8 times in 10"
        }
        return text
    }
}

/// How a verdict was reached, seed by seed, as words with what each is about.
public struct VerdictEvidence: Sendable {
    private let verdict: Verdict

    /// Takes a verdict.
    public init(_ verdict: Verdict) { self.verdict = verdict }

    /// The facts, in order. Columns line up.
    public var facts: [(about: String, text: String)] {
        verdict.metrics.flatMap(facts) + [("baseline", baseline)]
            + (verdict.look > 1 ? [("looks", "this is look \(verdict.look) at the change; each spends its part")] : [])
    }

    private func facts(_ metric: MetricVerdict) -> [(about: String, text: String)] {
        var facts = values(metric)
        if let comparison = metric.comparison { facts += test(metric, comparison) }
        if let limit = metric.brokenLimit { facts.append(("limit", "\(limit) does not hold")) }
        if let ratchet = metric.ratchet { facts.append(("ratchet", text(of: ratchet, metric))) }
        if let remark = metric.remark { facts.append((metric.rule.metric, remark)) }
        return facts
    }

    private func values(_ metric: MetricVerdict) -> [(about: String, text: String)] {
        guard !metric.values.isEmpty else { return [] }
        let digits = VerdictWords.digits(of: metric)
        let seeds = Set((metric.values + metric.baseline).map(\.seed)).sorted().prefix(12)
        func cell(_ text: String) -> String { String(repeating: " ", count: max(0, 9 - text.count)) + text }
        func line(_ values: [SeedValue], _ mean: Double?, change: Bool = false) -> String {
            let bySeed = Dictionary(values.map { ($0.seed, $0.value.number) }, uniquingKeysWith: { first, _ in first })
            let show: (Double) -> String = {
                change ? NumberText.change($0, decimals: digits) : NumberText.of($0, decimals: digits)
            }
            return seeds.map { cell(bySeed[$0].map(show) ?? "") }.joined() + cell(mean.map(show) ?? "")
        }
        var facts = [(metric.rule.metric, seeds.map { cell("\($0)") }.joined() + cell("mean"))]
        facts.append(("  this", line(metric.values, metric.mean)))
        guard !metric.baseline.isEmpty else { return facts }
        facts.append(("  \(verdict.baseline?.name ?? "baseline")", line(metric.baseline, metric.baselineMean)))
        if metric.comparison?.method == .paired {
            let changes = zip(metric.values, metric.baseline).map {
                SeedValue(seed: $0.seed, value: $0.value.number - $1.value.number)
            }
            facts.append(("  change", line(changes, metric.comparison?.change, change: true)))
        }
        return facts
    }

    private func test(_ metric: MetricVerdict, _ comparison: MetricComparison) -> [(about: String, text: String)] {
        guard let error = comparison.standardError, let dof = comparison.degreesOfFreedom,
            let critical = comparison.critical
        else { return [("test", "none: of a single seed there is no spread")] }
        let sign = metric.rule.want == .higher ? 1.0 : -1.0
        let kind =
            switch comparison.method {
            case .paired: "paired by seed"
            case .welch: "two samples (Welch)"
            case .examples: "the same examples, drawn \(Bootstrap.draws) times (bootstrap)"
            case .fixed, .single: "against a fixed value"
            }
        let digits = VerdictWords.digits(of: metric)
        let limit = NumberText.change(-sign * comparison.allowed, decimals: digits)
        guard error > 0 else { return [("test", "\(kind): nothing varies, so the numbers decide by themselves")] }
        let statistic = (sign * comparison.change + comparison.allowed) / error
        let share = NumberText.of((1e6 * (1 - verdict.settings.confidence)).rounded() / 1e4)
        let shared = verdict.metrics.count > 1 ? " shared by \(verdict.metrics.count) metrics" : ""
        return [
            (
                "test",
                "\(kind), one-sided, \(share) %\(shared): t(\(NumberText.of(dof))) = "
                    + "\(NumberText.of(statistic, decimals: 2)) against \(limit), "
                    + "\(NumberText.of(-critical, decimals: 2)) would be sure"
            )
        ]
    }

    private func text(of ratchet: MetricRatchet, _ metric: MetricVerdict) -> String {
        let digits = VerdictWords.digits(of: metric)
        func text(_ number: Double) -> String { NumberText.of(number, decimals: digits) }
        let most = ratchet.most.map { ", at most \(text($0)) for sure" } ?? ""
        return "since \(verdict.release?.name ?? "the last release") \(text(ratchet.loss)) of \(metric.rule.metric) "
            + "is lost\(most); \(text(ratchet.budget)) in all is allowed"
    }

    private var baseline: String {
        guard let baseline = verdict.baseline else { return "none: no accepted results before this commit" }
        let seeds = verdict.metrics.map(\.baseline.count).max() ?? 0
        return "\(baseline.commit.prefix(7)) of \(baseline.name), #\(baseline.pipeline), "
            + "\(seeds) \(seeds == 1 ? "seed" : "seeds")"
    }
}
