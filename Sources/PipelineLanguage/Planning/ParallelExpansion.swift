import PipelineModel

/// Puts the parts of each job with `parallel` in its place, and in the place of each mention of it.
struct ParallelExpansion {
    private let session: PlanningSession
    private let drafts: [JobDraft]
    private let parts: [String: [PartDraft]]

    init(session: PlanningSession, drafts: [JobDraft]) {
        self.session = session
        self.drafts = drafts
        parts = Dictionary(
            drafts.compactMap { draft in draft.parts.map { (draft.job.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Every job that may run, each with a name of its own.
    func expanded() -> [JobDraft] {
        var result: [JobDraft] = []
        var names: Set<String> = []
        for draft in drafts {
            for part in jobs(of: connected(draft)) {
                guard result.count < session.limits.jobs else {
                    let text = "With the parts of parallel there are more than \(session.limits.jobs) jobs."
                    session.findings.error(text, job: draft.job.name, at: draft.span)
                    return result
                }
                if !names.insert(part.job.name).inserted {
                    let text = "parallel: two jobs would be called \"\(part.job.name.prefix(120))\"."
                    session.findings.error(text, job: draft.job.name, at: draft.span)
                }
                result.append(part)
            }
        }
        return result
    }

    private func jobs(of draft: JobDraft) -> [JobDraft] {
        guard let parts = draft.parts else { return [draft] }
        return parts.enumerated().map { index, part in
            var job = draft
            job.job.name += part.ending
            job.job.part = PlannedJob.Part(index: index + 1, total: parts.count)
            job.ownVariables += part.variables
            if job.job.name.count > 255 {
                let text = "parallel: a job's name may have 255 characters, and one of its parts has more."
                session.findings.error(text, job: draft.job.name, at: draft.span)
            }
            return job
        }
    }

    private func connected(_ draft: JobDraft) -> JobDraft {
        var draft = draft
        let name = draft.job.name
        draft.needs = draft.needs.map { needs($0, of: name) }
        draft.rules = draft.rules?.map { rule in
            var rule = rule
            rule.needs = rule.needs.map { needs($0, of: name) }
            return rule
        }
        draft.dependencies = draft.dependencies?.flatMap { dependency in
            guard let parts = parts[dependency.job] else { return [dependency] }
            return parts.map { (dependency.job + $0.ending, dependency.span) }
        }
        return draft
    }

    private func needs(_ drafts: [NeedDraft], of name: String) -> [NeedDraft] {
        var result: [NeedDraft] = []
        for draft in drafts {
            result += needs(draft, of: name)
            guard result.count <= session.limits.needs else {
                let text = "needs: with their parts more than \(session.limits.needs) jobs are needed."
                session.findings.error(text, job: name, at: draft.span)
                return result
            }
        }
        return result
    }

    private func needs(_ draft: NeedDraft, of name: String) -> [NeedDraft] {
        let endings = parts[draft.need.job]?.map(\.ending) ?? []
        guard let wanted = draft.parts else { return endings.isEmpty ? [draft] : part(draft, endings) }
        let missing = wanted.filter { !endings.contains($0) }
        if let first = missing.first, !draft.need.optional {
            let text =
                "needs: \"\((draft.need.job + first).prefix(160))\" is not a job: parallel names a whole combination."
            session.findings.error(text, job: name, at: draft.span)
        }
        return part(draft, wanted.filter(endings.contains))
    }

    private func part(_ draft: NeedDraft, _ endings: [String]) -> [NeedDraft] {
        endings.map { ending in
            var part = draft
            part.need.job += ending
            part.parts = nil
            return part
        }
    }
}
