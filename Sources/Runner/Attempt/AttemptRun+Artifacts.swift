import Archives
import Evaluation
import PipelineModel

extension AttemptRun {
    /// Packs and stores what the job keeps after such an outcome. What cannot be kept fails a job that passed.
    /// - Returns: whether the attempt may still be told about.
    func keepArtifacts(_ plan: AttemptPlan, _ outcome: inout Outcome, _ pump: LogPump) async -> Bool {
        guard let artifacts = plan.assignment.job.artifacts, !artifacts.paths.isEmpty, outcome.exitCode != nil
        else { return true }
        let isKept: Bool
        switch artifacts.when {
        case .always: isKept = true
        case .onSuccess: isKept = outcome.failure == nil
        case .onFailure: isKept = outcome.failure != nil
        }
        guard isKept else { return true }
        do {
            guard try await store(artifacts, plan, pump) else { return false }
        } catch {
            let isTooLarge = (error as? ArchiveError)?.code == .tooLarge
            let failure = Failure(isTooLarge ? .policy : .system, "the artifacts could not be kept: \(error)")
            await pump.note(failure.message)
            if outcome.failure == nil { outcome.failure = failure }
        }
        return true
    }

    /// What a job that ran to its end reports in numbers; its remarks are in the log as well.
    func readReport(_ plan: AttemptPlan, _ outcome: Outcome, _ pump: LogPump) async -> MetricReport? {
        guard outcome.exitCode != nil, let read = try? await blocking({ ReportReader.report(of: plan) }) else {
            return nil
        }
        let report = read.masked(by: plan)
        for remark in report.remarks { await pump.note("Warning: report: \(remark)") }
        return report.isEmpty ? nil : report
    }

    /// What is said of the job in a few words: how its tests ended, and its numbers where it passed; else what its log ended
    /// with.
    func summary(
        _ report: MetricReport?, _ findings: Findings?, _ outcome: Outcome, _ pump: LogPump
    ) async -> String? {
        let metrics = outcome.failure == nil ? report?.metrics.prefix(3) ?? [] : []
        var words = findings?.tests.map { [$0.words] } ?? []
        words += metrics.map { "\($0.name) \(NumberText.of($0.value.number))" }
        return words.isEmpty ? await pump.summary : words.joined(separator: ", ")
    }

    private func store(_ artifacts: PlannedJob.Artifacts, _ plan: AttemptPlan, _ pump: LogPump) async throws -> Bool {
        var expanded = artifacts
        expanded.paths = artifacts.paths.map(plan.relativeGlob)
        expanded.exclude = artifacts.exclude.map(plan.relativeGlob)
        let file = plan.workspace.folder + "/artifacts"
        let (wanted, project, limit) = (expanded, plan.workspace.project, plan.limits.artifactSize)
        let isTimeless = plan.inputs != nil
        let packed = try await blocking {
            try ArtifactFile.pack(wanted, of: project, to: file, limit: limit, isTimeless: isTimeless)
        }
        guard let reference = packed else {
            await pump.note("Warning: no file matches the artifacts' paths: \(wanted.paths.joined(separator: ", "))")
            return true
        }
        var backOff = BackOff()
        while true {
            if control.reason?.endsRight == true { return false }
            do {
                try await context.coordinator.store(reference, content: ArtifactFile.content(of: file), for: key)
                traffic.addUploaded(reference.size)
                await pump.note("artifacts kept: \(reference.fileCount) files, \(ByteText.of(reference.size.bytes))")
                return true
            } catch CoordinatorError.leaseLost {
                control.stop(.leaseLost("the server takes nothing more for this attempt"))
                return false
            } catch CoordinatorError.unavailable(let reason) {
                context.logger.info("artifacts are not taken now", metadata: facts(["error": "\(reason)"]))
                // A runner that stops does not wait for a server that is away.
                if control.reason == .runnerStops { return false }
                try await context.clock.pause(backOff.delay())
            }
        }
    }
}

extension MetricReport {
    /// The report without the attempt's secrets: a file can hold one as well as a log.
    fileprivate func masked(by plan: AttemptPlan) -> MetricReport {
        var masked = self
        for index in metrics.indices { masked.metrics[index].name = plan.masked(metrics[index].name) }
        for index in curves.indices { masked.curves[index].name = plan.masked(curves[index].name) }
        masked.parameters = parameters.map { Parameter(plan.masked($0.name), plan.masked($0.value)) }
        masked.remarks = remarks.map(plan.masked)
        return masked
    }
}
