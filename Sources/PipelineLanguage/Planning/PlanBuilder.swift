import PipelineModel

/// Asks the rules, and makes the plan of what they leave.
struct PlanBuilder {
    private let session: PlanningSession
    private let draft: PipelineDraft

    init(session: PlanningSession, draft: PipelineDraft) {
        self.session = session
        self.draft = draft
    }

    private var context: PlanningContext { session.context }

    func build() -> PlanningStep {
        var variables = draft.variables
        var onNewCommit = draft.workflow.onNewCommit
        if let rules = draft.workflow.rules {
            let matcher = RuleMatcher(values: ValueReader(session: session, job: nil))
            let rule = matcher.firstMatch(rules, variables: context.layered(variables))
            if session.findings.hasErrors { return refused }
            guard let rule, rule.when != .never else {
                return nothing("workflow: rules ask for no pipeline \(occasion).")
            }
            variables += rule.variables
            onNewCommit = rule.onNewCommit ?? onNewCommit
        }
        var chosen: [Chosen] = draft.jobs.compactMap { choose($0, variables) }
        connect(&chosen)
        if session.findings.hasErrors { return refused }
        if chosen.isEmpty { return nothing("No job's rules ask for it \(occasion).") }
        if chosen.allSatisfy({ $0.job.stage == ".pre" || $0.job.stage == ".post" }) {
            return nothing("Only jobs of .pre and .post are left, and they run only beside others.")
        }
        guard var plan = plan(chosen, variables) else { return refused }
        plan.onNewCommit = onNewCommit
        return .planned(plan)
    }

    /// A job that runs, and the needs it has in this pipeline with their places.
    private struct Chosen {
        var job: PlannedJob
        var needs: [NeedDraft]?
        var dependencies: [(job: String, span: SourceSpan)]?
    }

    private var refused: PlanningStep { .refused(session.findings.diagnostics) }

    private func nothing(_ reason: String) -> PlanningStep {
        .nothing(reason: reason, warnings: session.findings.diagnostics)
    }

    /// `for branch main (push)`.
    private var occasion: String {
        let kind =
            switch context.refKind {
            case .branch: "branch"
            case .tag: "tag"
            case .mergeRequest: "a merge request of"
            }
        return "for \(kind) \(context.ref.prefix(80)) (\(context.source.prefix(40)))"
    }

    private func choose(_ draft: JobDraft, _ variables: [Variable]) -> Chosen? {
        var job = draft.job
        let inherited = variables.filter { draft.inheritedVariables?.contains($0.name) ?? true }
        job.variables = inherited + draft.ownVariables
        guard session.countExpanded(job.variables.count, job: job.name, at: draft.span) else { return nil }
        var needs = draft.needs
        if let rules = draft.rules {
            let matcher = RuleMatcher(values: ValueReader(session: session, job: job.name))
            guard let rule = matcher.firstMatch(rules, variables: context.variables(for: job)) else { return nil }
            if let when = rule.when {
                guard let own = when.ofJob else { return nil }
                job.when = own
                job.startIn = rule.startIn
            }
            if let allowed = rule.allowFailure { job.allowFailure = allowed ? .always : .never }
            job.interruptible = rule.interruptible ?? job.interruptible
            job.variables += rule.variables
            needs = rule.needs ?? needs
        } else if !isFor(draft, variables: context.variables(for: job)) {
            return nil
        }
        expandTags(of: &job, at: draft.span)
        return Chosen(job: job, needs: needs, dependencies: draft.dependencies)
    }

    /// Whether a job without rules is for this pipeline, by `only` and `except`.
    private func isFor(_ job: JobDraft, variables: [Variable]) -> Bool {
        var only = job.only
        // Without rules of its own or of the workflow a job is for branches and tags, if it does not say otherwise.
        if only == nil && draft.workflow.rules == nil { only = RefPolicy() }
        if var named = only, named.refs == nil {
            named.refs = RefPolicy.branchesAndTags
            only = named
        }
        let values = ValueReader(session: session, job: job.job.name)
        return RefPolicyMatcher(values: values, variables: variables).lets(only, job.except)
    }

    /// Runners are found by the tags a job has after expansion.
    private func expandTags(of job: inout PlannedJob, at span: SourceSpan) {
        guard job.tags.contains(where: { $0.contains("$") }) else { return }
        guard !session.budget.isSpent else {
            session.findings.error("tags: expanding them takes too long.", job: job.name, at: span)
            return
        }
        let values = RuleVariables(context.variables(for: job), budget: session.budget)
        job.tags = job.tags.map { String(values.expand($0).prefix(255)) }
    }

    /// Settles needs and dependencies among the jobs that run.
    private func connect(_ chosen: inout [Chosen]) {
        let names = Set(chosen.map(\.job.name))
        for index in chosen.indices {
            let name = chosen[index].job.name
            chosen[index].job.needs = chosen[index].needs?.compactMap { draft in
                if names.contains(draft.need.job) { return draft.need }
                if draft.need.optional { return nil }
                let needed = draft.need.job
                let fact = "\"\(name)\" needs \"\(needed)\", which its rules leave out of this pipeline."
                let text = "needs: \(fact) If that may be so, write {job: \(needed), optional: true}."
                session.findings.error(text, job: name, at: draft.span)
                return nil
            }
            let needed = chosen[index].job.needs.map { Set($0.map(\.job)) }
            chosen[index].job.dependencies = chosen[index].dependencies?.map(\.job).filter {
                needed?.contains($0) ?? names.contains($0)
            }
        }
        checkCircles(chosen)
    }

    /// Rules may change needs, so that a circle can close that no job's own needs have.
    private func checkCircles(_ chosen: [Chosen]) {
        let circle = NeedsCircle.first(among: chosen.map { ($0.job.name, $0.job.needs?.map(\.job) ?? []) })
        guard let circle, let first = chosen.first(where: { $0.job.name == circle.names[0] }) else { return }
        session.findings.error(
            "rules: needs goes in a circle: \(circle).", job: first.job.name, at: first.needs?.first?.span)
    }

    private func plan(_ chosen: [Chosen], _ variables: [Variable]) -> Plan? {
        let order = Dictionary(
            draft.stages.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let jobs = chosen.map(\.job).enumerated().sorted { left, right in
            let (one, other) = (order[left.element.stage] ?? 0, order[right.element.stage] ?? 0)
            return (one, left.offset) < (other, right.offset)
        }
        let name = draft.workflow.name.map { VariableExpansion(context.layered(variables)).expand($0) }
        guard let seeded = seeded(jobs.map(\.element)) else { return nil }
        return Plan(
            name: name, stages: draft.stages, jobs: seeded, variables: variables,
            warnings: session.findings.diagnostics)
    }

    /// The jobs with one for each seed of theirs; nil where they do not go together.
    private func seeded(_ jobs: [PlannedJob]) -> [PlannedJob]? {
        let expansion = SeedExpansion(jobs, stages: draft.stages)
        if let mismatch = expansion.mismatch {
            let (job, needed) = (mismatch.job, mismatch.needed)
            let fact = "\(job) has \(mismatch.seeds) and needs \(needed), which has \(mismatch.neededSeeds)"
            session.findings.error("ml: seeds: \(fact): give both the same.", job: job, at: span(of: job))
            return nil
        }
        guard expansion.count <= session.limits.jobs else {
            session.findings.error("ml: with their seeds there are more than \(session.limits.jobs) jobs.", at: nil)
            return nil
        }
        let expanded = expansion.expanded()
        var names: Set<String> = []
        for job in expanded where !names.insert(job.name).inserted {
            session.findings.error(
                "ml: seeds: two jobs would be called \"\(job.name.prefix(120))\".", job: job.node,
                at: span(of: job.node))
            return nil
        }
        return expanded
    }

    private func span(of job: String) -> SourceSpan? { draft.jobs.first { $0.job.name == job }?.span }
}
