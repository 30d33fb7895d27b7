import PipelineModel

/// Checks how the jobs of a pipeline hang together, whatever the rules will say.
struct DraftGraph {
    private let session: PlanningSession
    private let jobs: [JobDraft]
    private let names: [String]
    private let stageOf: [String: Int]

    init(session: PlanningSession, draft: PipelineDraft) {
        self.session = session
        jobs = draft.jobs
        names = draft.jobs.map(\.job.name)
        let order = Dictionary(
            draft.stages.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        stageOf = Dictionary(
            draft.jobs.map { ($0.job.name, order[$0.job.stage] ?? 0) }, uniquingKeysWith: { first, _ in first })
    }

    func check() {
        for draft in jobs {
            let name = draft.job.name
            for need in draft.needs ?? [] { check(need, of: name, key: "needs") }
            for need in draft.rules?.flatMap({ $0.needs ?? [] }) ?? [] { check(need, of: name, key: "rules: needs") }
            for dependency in draft.dependencies ?? [] { check(dependency, of: draft) }
            if let stop = draft.stopJob { checkStop(stop, of: draft) }
        }
        checkCircles()
    }

    private func checkStop(_ stop: (job: String, span: SourceSpan), of draft: JobDraft) {
        let key = "environment: on_stop: \"\(stop.job.prefix(80))\""
        guard let target = jobs.first(where: { $0.job.name == stop.job }) else {
            error("\(key) is not a job.\(suggestion(stop.job))", draft.job.name, stop.span)
            return
        }
        let environment = target.job.environment
        if environment?.name != draft.job.environment?.name || environment?.action != .stop {
            error("\(key) must have the same environment, with action: stop.", draft.job.name, stop.span)
        }
    }

    private func check(_ draft: NeedDraft, of name: String, key: String) {
        let need = draft.need
        if need.job == name {
            error("\(key): a job cannot need itself.", name, draft.span)
            return
        }
        guard let stage = stageOf[need.job] else {
            if need.optional { return }
            let hidden = need.job.hasPrefix(".") ? " Hidden jobs never run." : suggestion(need.job)
            error("\(key): \"\(need.job.prefix(80))\" is not a job of this pipeline.\(hidden)", name, draft.span)
            return
        }
        if let own = stageOf[name], stage > own {
            error("\(key): \"\(need.job)\" is in a later stage than \"\(name)\".", name, draft.span)
        }
    }

    private func check(_ dependency: (job: String, span: SourceSpan), of draft: JobDraft) {
        let name = draft.job.name
        guard let stage = stageOf[dependency.job] else {
            let hint = suggestion(dependency.job)
            error(
                "dependencies: \"\(dependency.job.prefix(80))\" is not a job of this pipeline.\(hint)", name,
                dependency.span)
            return
        }
        if dependency.job == name || stage > stageOf[name] ?? 0 {
            error("dependencies: \"\(dependency.job)\" does not come before \"\(name)\".", name, dependency.span)
        }
        // A job that needs nothing gets nothing either, whatever it depends on.
        if let needs = draft.needs, !needs.isEmpty, !needs.contains(where: { $0.need.job == dependency.job }) {
            error("dependencies: \"\(dependency.job)\" must be among its needs as well.", name, dependency.span)
        }
    }

    private func suggestion(_ name: String) -> String { session.suggestion(for: name, among: names) }

    private func error(_ text: String, _ job: String, _ span: SourceSpan) {
        session.findings.error(text, job: job, at: span)
    }

    private func checkCircles() {
        let circle = NeedsCircle.first(among: jobs.map { (name: $0.job.name, needs: $0.needs?.map(\.need.job) ?? []) })
        guard let circle, let draft = jobs.first(where: { $0.job.name == circle.names[0] }) else { return }
        error("needs goes in a circle: \(circle).", draft.job.name, draft.needs?.first?.span ?? draft.span)
    }
}
