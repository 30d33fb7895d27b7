import PipelineModel

extension AttemptRun {
    /// What the tests of a job that ran to its end found; what could not be read is in the log as well.
    func readFindings(_ plan: AttemptPlan, _ outcome: Outcome, _ pump: LogPump) async -> Findings? {
        guard outcome.exitCode != nil, let read = try? await blocking({ FindingsReader.findings(of: plan) }) else {
            return nil
        }
        let findings = read.masked(by: plan)
        for remark in findings.remarks ?? [] { await pump.note("Warning: report: \(remark)") }
        return findings
    }
}

extension Findings {
    /// The findings without the attempt's secrets: a test can print one as well as a script.
    fileprivate func masked(by plan: AttemptPlan) -> Findings {
        var masked = self
        masked.remarks = remarks?.map(plan.masked)
        masked.tests?.failures = (tests?.failures ?? []).map { failure in
            FailedCase(
                name: plan.masked(failure.name), suite: plan.masked(failure.suite),
                file: failure.file.map(plan.masked), line: failure.line, message: failure.message.map(plan.masked))
        }
        return masked
    }
}
