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
        if let needs = draft.needs, !needs.contains(where: { $0.need.job == dependency.job }) {
            error("dependencies: \"\(dependency.job)\" must be among its needs as well.", name, dependency.span)
        }
    }

    private func suggestion(_ name: String) -> String { session.suggestion(for: name, among: names) }

    private func error(_ text: String, _ job: String, _ span: SourceSpan) {
        session.findings.error(text, job: job, at: span)
    }

    /// Takes away, again and again, the jobs whose needs are gone; what is left then goes in a circle.
    private func checkCircles() {
        var needs: [String: Set<String>] = [:]
        for draft in jobs {
            needs[draft.job.name] = Set(draft.needs?.map(\.need.job) ?? []).filter {
                stageOf[$0] != nil && $0 != draft.job.name
            }
        }
        var dependants: [String: [String]] = [:]
        for (name, needed) in needs { for other in needed { dependants[other, default: []].append(name) } }
        var free = needs.filter { $0.value.isEmpty }.map(\.key)
        while let name = free.popLast() {
            needs[name] = nil
            for dependant in dependants[name] ?? [] {
                needs[dependant]?.remove(name)
                if needs[dependant]?.isEmpty ?? false { free.append(dependant) }
            }
        }
        guard let start = names.first(where: { needs[$0] != nil }) else { return }
        let circle = circle(from: start, in: needs)
        guard let first = circle.first, let draft = jobs.first(where: { $0.job.name == first }) else { return }
        let way = (circle + [first]).joined(separator: " → ")
        error("needs goes in a circle: \(way).", first, draft.needs?.first?.span ?? draft.span)
    }

    private func circle(from start: String, in needs: [String: Set<String>]) -> [String] {
        var way: [String] = []
        var seen: Set<String> = []
        var current = start
        while seen.insert(current).inserted {
            way.append(current)
            // Whatever is left needs something that is left too, so the way goes on until it meets itself.
            guard let next = needs[current]?.filter({ needs[$0] != nil }).min() else { break }
            current = next
        }
        return Array(way.drop { $0 != current })
    }
}
