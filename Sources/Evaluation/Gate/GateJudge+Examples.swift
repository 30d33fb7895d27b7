import PipelineModel

extension GateJudge {
    /// Judges two models of one seed each by what they made of the same examples: how far the change would move with other
    /// examples of the kind. What another seed would have made is not in it, so that a loss blocks only where one seed may.
    /// - Returns: whether there were such examples.
    func compareByExamples(
        _ verdict: inout MetricVerdict, change: Double, gain: Double, allowed: Double, scale: Double
    ) -> Bool {
        guard verdict.rule.baseline == nil, let differences = differences(of: verdict) else { return false }
        let sample = Sample(
            method: .examples, difference: change, standardError: Bootstrap.standardError(ofMeanOf: differences),
            dof: Double(differences.count - 1))
        let critical = budget.critical(look: question.look, dof: sample.dof, isBaselineLucky: true)
        verdict.comparison = sample.comparison(allowed: allowed, critical: critical)
        verdict.examples = differences
        decide(&verdict, gain: gain, reach: critical * sample.standardError, allowed: allowed, scale: scale)
        if verdict.answer == .worse { verdict.isBlocking = question.mustShow || question.settings.oneSeed == .block }
        return true
    }

    /// What each example has become better or worse by; nil where the two were not tried on the same ones, or on few.
    private func differences(of verdict: MetricVerdict) -> [Double]? {
        func table(_ reports: [MetricReport?]) -> ExampleTable? { reports.count == 1 ? reports[0]?.examples : nil }
        guard let own = table(question.candidate.map(\.value)),
            let base = table((question.baseline?.reports).map { Array($0.values) } ?? []), own.ids == base.ids,
            own.ids.count >= Bootstrap.leastCount, let values = own.values[verdict.rule.metric],
            let others = base.values[verdict.rule.metric]
        else { return nil }
        return zip(values, others).map { $0 - $1 }
    }
}
