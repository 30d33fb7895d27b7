import PipelineModel

/// Judges what a change reported against the rules. Pure: the same case has the same verdict.
///
/// What happens in every special case is on the page docs/gate.md.
public struct GateJudge {
    let question: GateCase
    let budget: ErrorBudget

    /// Takes a case.
    public init(_ question: GateCase) {
        self.question = question
        budget = ErrorBudget(alpha: 1 - question.settings.confidence, metrics: max(question.rules.count, 1))
    }

    /// The verdict.
    public func verdict() -> Verdict {
        let metrics = question.rules.map(judge)
        return Verdict(
            answer: Self.overall(metrics), isBlocking: metrics.contains(where: \.isBlocking), metrics: metrics,
            settings: question.settings, look: question.look, mustShow: question.mustShow,
            baseline: question.baseline?.reference, release: question.release?.reference)
    }

    private static func overall(_ metrics: [MetricVerdict]) -> Verdict.Answer {
        let answers = metrics.map(\.answer)
        // What blocks comes before what only warns.
        for answer in [Verdict.Answer.missing, .worse, .inconclusive] {
            if metrics.contains(where: { $0.answer == answer && $0.isBlocking }) { return answer }
        }
        for answer in [Verdict.Answer.missing, .worse, .inconclusive] where answers.contains(answer) { return answer }
        if answers.contains(.better) { return .better }
        return answers.contains(.noWorse) || answers.isEmpty ? .noWorse : .withinLimits
    }

    // MARK: - One metric

    private func judge(_ rule: GateRule) -> MetricVerdict {
        var verdict = MetricVerdict(rule: rule, answer: .missing)
        verdict.isBlocking = true
        guard let values = reported(rule, &verdict) else { return verdict }
        verdict.values = values
        verdict.baseline = rule.baseline == nil ? question.baseline?.values(of: rule.metric) ?? [] : []
        compare(&verdict)
        holdRatchet(&verdict)
        holdLimits(&verdict)
        return verdict
    }

    /// What each seed reported; nil where one reported nothing, or no number.
    private func reported(_ rule: GateRule, _ verdict: inout MetricVerdict) -> [SeedValue]? {
        var values: [SeedValue] = []
        for (seed, report) in question.candidate.sorted(by: { $0.key < $1.key }) {
            let place = question.candidate.count > 1 ? " at seed \(seed)" : ""
            guard let value = report?.value(of: rule.metric) else {
                verdict.remark = "no \(rule.metric) was reported\(place)"
                return nil
            }
            guard value.number.isFinite else {
                verdict.remark = "\(rule.metric) is \(NumberText.of(value.number))\(place)"
                return nil
            }
            values.append(SeedValue(seed: seed, value: value.number))
        }
        if values.isEmpty { verdict.remark = "no \(rule.metric) was reported" }
        return values.isEmpty ? nil : values
    }

    private func holdLimits(_ verdict: inout MetricVerdict) {
        guard let mean = verdict.mean else { return }
        let rule = verdict.rule
        if let least = rule.min, mean < least {
            verdict.brokenLimit = "min \(NumberText.of(least))"
        } else if let most = rule.max, mean > most {
            verdict.brokenLimit = "max \(NumberText.of(most))"
        }
        guard verdict.brokenLimit != nil else { return }
        verdict.answer = .worse
        verdict.isBlocking = true
    }

    // MARK: - Against the baseline

    private func compare(_ verdict: inout MetricVerdict) {
        let rule = verdict.rule
        guard let mean = verdict.mean, let baseline = verdict.baselineMean else {
            verdict.answer = .withinLimits
            verdict.isBlocking = question.settings.noBaseline == .block
            return
        }
        let allowed =
            switch rule.tolerance {
            case .absolute(let amount): amount
            case .relative(let share): share * abs(baseline)
            case nil: 0.0
            }
        let sign: Double = rule.want == .higher ? 1 : -1
        guard let sample = sample(verdict) else {
            let gain = sign * (mean - baseline)
            let scale = max(abs(mean), abs(baseline))
            if compareByExamples(&verdict, change: mean - baseline, gain: gain, allowed: allowed, scale: scale) {
                return
            }
            verdict.comparison = MetricComparison(method: .single, change: mean - baseline, allowed: allowed)
            return decideBySingle(&verdict, gain: gain, allowed: allowed, scale: abs(baseline))
        }
        let error = sample.standardError
        let critical = budget.critical(
            look: question.look, dof: sample.dof, isBaselineLucky: sample.method != .fixed)
        let gain = sign * sample.difference
        var comparison = sample.comparison(allowed: allowed, critical: critical)
        comparison.pValue = sample.lowerTail(of: gain, against: -allowed)
        comparison.detectable =
            allowed + error * NoncentralT.noncentrality(exceeding: critical, dof: sample.dof, chance: 0.8)
        decide(&verdict, gain: gain, reach: critical * error, allowed: allowed, scale: max(abs(mean), abs(baseline)))
        if verdict.answer == .inconclusive {
            comparison.moreSeeds = moreSeeds(gain: gain, allowed: allowed, sample, count: verdict.values.count)
        }
        verdict.comparison = comparison
    }

    /// How the values were compared, whatever the method.
    struct Sample {
        var method: MetricComparison.Method
        var difference: Double
        var standardError: Double
        var dof: Double

        /// The comparison with the interval that so many standard errors make.
        func comparison(allowed: Double, critical: Double) -> MetricComparison {
            var comparison = MetricComparison(method: method, change: difference, allowed: allowed)
            comparison.low = difference - critical * standardError
            comparison.high = difference + critical * standardError
            comparison.standardError = standardError
            comparison.degreesOfFreedom = dof
            comparison.critical = critical
            return comparison
        }

        func lowerTail(of gain: Double, against shift: Double) -> Double {
            if standardError == 0 { return gain < shift ? 0 : 1 }
            return StudentT.upperTail(-(gain - shift) / standardError, dof: dof)
        }
    }

    /// Nil where one side has a single value, of which nobody can say how far it spreads.
    private func sample(_ verdict: MetricVerdict) -> Sample? {
        let values = verdict.values.map(\.value.number)
        guard values.count > 1 else { return nil }
        if let fixed = verdict.rule.baseline {
            let moments = SampleMoments(values)
            return Sample(
                method: .fixed, difference: moments.mean - fixed,
                standardError: (moments.variance / Double(values.count)).squareRoot(), dof: Double(values.count - 1))
        }
        let others = verdict.baseline.map(\.value.number)
        guard others.count > 1 else { return nil }
        let isPaired = verdict.values.map(\.seed) == verdict.baseline.map(\.seed)
        let comparison = isPaired ? Comparison(pairing: values, with: others) : Comparison(values, against: others)
        return Sample(
            method: isPaired ? .paired : .welch, difference: comparison.difference,
            standardError: comparison.standardError, dof: comparison.degreesOfFreedom)
    }

    /// Worse only where even the kindest end of the interval is beyond what is allowed; no worse only where even the
    /// unkindest is not. What rounding leaves of a tie is a tie.
    func decide(
        _ verdict: inout MetricVerdict, gain: Double, reach: Double, allowed: Double, scale: Double
    ) {
        let slack = 1e-12 * scale
        if gain + reach < -allowed - slack {
            verdict.answer = .worse
        } else if gain - reach > slack {
            verdict.answer = .better
        } else if gain - reach >= -allowed - slack {
            verdict.answer = .noWorse
        } else {
            verdict.answer = .inconclusive
        }
        verdict.isBlocking = verdict.answer == .worse || (verdict.answer == .inconclusive && doubtBlocks)
    }

    private var doubtBlocks: Bool { question.mustShow || question.settings.inconclusive == .block }

    private func decideBySingle(_ verdict: inout MetricVerdict, gain: Double, allowed: Double, scale: Double) {
        let slack = 1e-12 * scale
        if gain < -allowed - slack {
            verdict.answer = .worse
            verdict.isBlocking = question.mustShow || question.settings.oneSeed == .block
            verdict.remark = "one seed is a hint, no proof"
        } else if abs(gain) <= slack {
            verdict.answer = .noWorse
            verdict.isBlocking = false
        } else {
            verdict.answer = .inconclusive
            verdict.isBlocking = doubtBlocks
            verdict.remark = "of one seed nobody knows how far it spreads"
        }
    }

    /// How many more seeds a side would decide it, if what was seen of change and spread were the truth.
    private func moreSeeds(gain: Double, allowed: Double, _ sample: Sample, count: Int) -> Int? {
        let distance = abs(gain + allowed)
        for more in 1...100 {
            let grown = Double(count + more) / Double(count)
            let critical = budget.critical(
                look: question.look + 1, dof: sample.dof * grown, isBaselineLucky: sample.method != .fixed)
            if critical * sample.standardError / grown.squareRoot() < distance { return more }
        }
        return nil
    }

    // MARK: - Against the last release

    /// The change must surely stay within what may be lost since the release. How far seeds spread is known from all
    /// results since then, so that it is known well when there have been many.
    private func holdRatchet(_ verdict: inout MetricVerdict) {
        guard let allowed = verdict.rule.ratchet, let mean = verdict.mean,
            let released = question.release?.values(of: verdict.rule.metric).map(\.value.number), !released.isEmpty
        else { return }
        let sign: Double = verdict.rule.want == .higher ? 1 : -1
        let from = SampleMoments(released)
        let loss = sign * (from.mean - mean)
        let spread = spread(of: verdict, released)
        let most = spread.map { spread in
            let critical = budget.critical(look: question.releaseLook, dof: spread.dof, isBaselineLucky: true)
            let parts = 1 / Double(verdict.values.count) + 1 / Double(released.count)
            return loss + critical * (spread.variance * parts).squareRoot()
        }
        let holds = (most ?? loss) <= allowed + 1e-12 * max(abs(mean), abs(from.mean))
        var ratchet = MetricRatchet(
            budget: allowed, loss: loss, most: most, released: released.count, look: question.releaseLook, holds: holds)
        ratchet.variance = spread?.variance
        ratchet.degreesOfFreedom = spread?.dof
        verdict.ratchet = ratchet
        guard !holds else { return }
        verdict.isBlocking = true
        if loss > allowed || verdict.answer == .worse {
            verdict.answer = .worse
        } else {
            verdict.answer = .inconclusive
        }
    }

    /// The variance of one seed, pooled over everything known of the metric.
    private func spread(of verdict: MetricVerdict, _ released: [Double]) -> (variance: Double, dof: Double)? {
        var groups = [verdict.values.map(\.value.number), released]
        groups += question.history.map { $0.values(of: verdict.rule.metric).map(\.value.number) }
        let known = groups.filter { $0.count > 1 }.map(SampleMoments.init)
        let dof = known.reduce(0) { $0 + $1.count - 1 }
        guard dof > 0 else { return nil }
        let squares = known.reduce(0) { $0 + $1.variance * Double($1.count - 1) }
        return (squares / Double(dof), Double(dof))
    }
}
