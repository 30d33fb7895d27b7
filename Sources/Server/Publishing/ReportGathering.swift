import Evaluation
import PipelineModel
import Store

/// Gathers what the report on a pull request tells of its newest pipeline.
struct ReportGathering: Sendable {
    let store: Store
    let pageURL: @Sendable (PipelineID) -> String?
    /// What was changed between two commits of a repository; nothing where that cannot be told.
    let fileChanges: FileChanges

    /// Tells which files differ between two commits of a repository.
    typealias FileChanges =
        @Sendable (_ repository: RepositoryReference, _ base: String, _ commit: String) async -> [FileChange]

    /// The report on a pipeline as it was read.
    func report(on detail: PipelineDetail, now: Timestamp) async throws -> PullRequestReport {
        let id = detail.pipeline.id
        let view = PipelineDetailView(detail, at: now)
        let page = pageURL(id)
        var report = PullRequestReport(
            pipeline: id, page: page, commit: detail.pipeline.commit, standing: Self.standing(view, detail))
        report.verdicts = detail.verdicts.map { ($0.node, $0.verdict) }
        report.override = detail.override.map { ($0.person, $0.reason, $0.at.clock) }
        report.answers = detail.answers.map { ($0.person, $0.command, $0.answer, $0.isDone) }
        report.heldCommit = detail.pipeline.state == .held ? detail.pipeline.commit : nil
        report.hasFailures = detail.jobs.contains { $0.state == .failed && $0.failure?.class != .gate }
        report.ruleChanges = detail.plan?.ground?.changes ?? []
        report.rulesOf = detail.plan?.ground?.target ?? ""
        report.jobs = view.nodes.map { Self.job($0, in: view, now: now) }
        report.spent = view.usage.map { SpentWords.parts($0, withGPU: $0.gpuMs > 0).joined(separator: ", ") } ?? ""
        report.at = now.clock
        try await addNumbers(of: detail, to: &report)
        let base = try await compared(detail)
        addFindings(of: view, besides: base.map { PipelineDetailView($0, at: now) }, to: &report)
        if let base { await addDifferences(of: detail, besides: base, to: &report) }
        return report
    }

    /// Curves and parameters, beside those of the baseline.
    private func addNumbers(of detail: PipelineDetail, to report: inout PullRequestReport) async throws {
        let own = try await store.reports(of: detail.pipeline.id)
        guard !own.isEmpty else { return }
        let baseline = detail.verdicts.compactMap(\.verdict.baseline).first
        var theirs: [String: [Int: MetricReport]] = [:]
        if let baseline { theirs = try await store.reports(of: baseline.pipeline) }
        var known: Set<String> = []
        for node in detail.plan?.jobs.map(\.node) ?? [] where known.insert(node).inserted {
            guard let mine = own[node] else { continue }
            report.curves += Self.curves(mine, theirs[node] ?? [:])
            if let first = mine.min(by: { $0.key < $1.key })?.value,
                let base = theirs[node]?.min(by: { $0.key < $1.key })?.value
            {
                report.parameters += Self.changes(from: base.parameters, to: first.parameters)
                    .filter { !report.parameters.contains($0) }
            }
        }
    }

    private static func curves(
        _ own: [Int: MetricReport], _ theirs: [Int: MetricReport]
    ) -> [PullRequestReport.CurvePair] {
        func named(_ name: String, in reports: [Int: MetricReport]) -> [Curve] {
            reports.sorted { $0.key < $1.key }.compactMap { $0.value.curves.first { $0.name == name } }
        }
        let names = own.min { $0.key < $1.key }?.value.curves.map(\.name) ?? []
        return names.map { .init(name: $0, this: named($0, in: own), base: named($0, in: theirs)) }
    }

    private static func changes(
        from old: [Parameter], to new: [Parameter]
    ) -> [PullRequestReport.ParameterChange] {
        let before = Dictionary(old.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        let names = old.map(\.name) + new.map(\.name).filter { before[$0] == nil }
        return names.compactMap { name in
            before[name] == after[name] ? nil : .init(name: name, old: before[name], new: after[name])
        }
    }

    // MARK: - Words

    private static func job(
        _ node: PipelineDetailView.Node, in view: PipelineDetailView, now: Timestamp
    ) -> PullRequestReport.Job {
        let moments = node.jobs.map {
            JobSnapshot(
                name: $0.name, state: $0.state, failure: $0.failure?.failure, because: $0.because,
                summary: $0.summary, duration: $0.attempts.isEmpty ? nil : $0.duration(at: now))
        }
        let whole = moments.count == 1 ? moments[0] : JobSnapshot(joining: moments, as: node.name)
        let word = StateWord(whole.state, failure: whole.failure?.class)
        var places: [String] = []
        for runner in node.jobs.compactMap({ $0.attempts.last?.runner }) where !places.contains(runner) {
            places.append(runner)
        }
        let note =
            switch whole.state {
            case .failed, .failedAllowed, .cancelled: whole.failure?.message ?? ""
            case .notRun: whole.because.map { "needs \(view.nodeNames(of: [$0])[0])" } ?? ""
            default:
                (node.jobs.count == 1 ? node.jobs[0].told : whole.summary.map { $0 + node.testWords + node.usageWords })
                    ?? ""
            }
        return .init(
            name: node.name, seeds: node.jobs.count, result: "\(word.tone.sign) \(word.word)",
            time: whole.duration?.text ?? "", place: places.joined(separator: ", "), note: note)
    }

    /// The first line of a report without a verdict.
    private static func standing(_ view: PipelineDetailView, _ detail: PipelineDetail) -> String {
        let nodes = view.nodes
        let ended = nodes.count { $0.jobs.allSatisfy(\.state.isEnded) }
        let jobs = "\(nodes.count) \(nodes.count == 1 ? "job" : "jobs")"
        let failed = view.jobs.first { $0.state == .failed }
        let why = failed.map { "\($0.seed?.node ?? $0.name): \($0.failure?.message ?? "failed")" } ?? ""
        switch detail.pipeline.state {
        case .held:
            let commit = detail.pipeline.commit.prefix(7)
            return "○ From a fork: waiting for a maintainer to approve commit \(commit), this commit only."
        case .notPlanned: return "✗ Not planned: \(detail.pipeline.reason ?? "the pipeline file is wrong")"
        case .empty: return "– Nothing to run: \(detail.pipeline.reason ?? "no job asks for it")"
        case .running: return "● Running: \(ended) of \(jobs) done."
        case .manual: return "○ Waiting for a person: \(ended) of \(jobs) done."
        case .passed: return "✓ Passed: \(jobs)."
        case .failed: return "✗ Failed: \(why)"
        case .system: return "! Pawl's side failed, not your change: \(why)"
        case .cancelled: return "– Cancelled: \(detail.pipeline.reason ?? "stopped by a person")"
        }
    }
}

extension Timestamp {
    /// A moment in UTC: a comment does not know where its reader is.
    fileprivate var clock: String { PageValues.time(self).text }
}
