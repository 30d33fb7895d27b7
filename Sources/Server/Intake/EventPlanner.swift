import Forges
import GitRepositories
import PipelineLanguage
import PipelineModel
import Store

/// Works out the pipeline of an event: who is trusted, what the pipeline file at the commit says, what it means here.
public struct EventPlanner: Sendable {
    /// What an event comes to.
    enum Answer: Sendable {
        /// A pipeline is to be made, planned or not.
        case pipeline(NewPipeline)
        /// Nothing is to be made; why, in words, and by what a repetition is recognized.
        case nothing(String, EventIdentity?)
    }

    private let forges: ForgeConnections
    private let mirrors: Mirrors
    private let planner = Planner()
    private let now: @Sendable () -> Timestamp

    /// Plans with mirrors of the repositories.
    public init(forges: ForgeConnections, mirrors: Mirrors, now: @escaping @Sendable () -> Timestamp) {
        self.forges = forges
        self.mirrors = mirrors
        self.now = now
    }

    /// The pipeline of an event that starts one.
    /// - Parameters:
    ///   - variables: what a person gave; they win over those of the pipeline file.
    ///   - source: what makes it, where the event does not say.
    /// - Throws: `ForgeError` or `GitError` where a forge or git could not tell; a wrong pipeline file is no error.
    func pipeline(
        for event: Event, of repository: StoredRepository, variables: [Variable] = [], source: PipelineSource? = nil
    ) async throws -> Answer {
        guard let forge = forges[repository.reference.forge] else {
            throw ForgeError(
                .misconfigured, message: "the settings have no forge \(repository.reference.forge) any more")
        }
        let subject = try await PipelineSubject(
            of: event, as: source, repository: repository, forge: forge, mirrors: mirrors)
        if ForgeDelivery.asksToSkip(subject.commit.message) && subject.mayBeSkipped {
            let reason = "the commit's message asks for it with [skip ci]"
            // What somebody waits for to merge is told that there is nothing to run, else it would wait for ever.
            guard subject.isForMerging else { return .nothing(reason, subject.identity) }
            let planning = Planning(
                result: .planned(Plan(stages: [], jobs: [])), context: context(of: subject, as: subject.kind),
                emptyReason: reason)
            return .pipeline(newPipeline(subject, planning, variables: variables))
        }
        let planning = try await grounded(try await plan(subject, variables: variables), subject)
        return .pipeline(newPipeline(subject, planning, variables: variables))
    }

    /// The pipeline that gives a pull request something to be compared with: what is judged, and what that needs, at the
    /// commit where the change left its target branch.
    public func baselinePipeline(
        of node: String, at commit: String, on branch: String, of repository: StoredRepository
    ) async throws -> NewPipeline {
        var event = Event(kind: .push, repository: repository.reference)
        event.ref = "refs/heads/\(branch)"
        event.commit = commit
        var new: NewPipeline
        switch try await pipeline(for: event, of: repository, source: .baseline) {
        case .pipeline(let planned): new = planned
        case .nothing(let reason, _):
            new = NewPipeline(
                repository: repository.id, source: .baseline, ref: "refs/heads/\(branch)", commit: commit,
                trust: PipelineTrust(isProtected: false, isFork: false),
                planning: .notPlanned(reason: reason, diagnostics: []))
        }
        if case .planned(let plan) = new.planning {
            new.planning = .planned(plan.only(what: Set(plan.gatedNodes + [node])))
            new.emptyReason = "\(node) is not run at this commit"
        }
        return new
    }

    /// The plan with its gates on the ground that the target branch gives them: its rules, and the commits to compare with.
    private func grounded(_ planning: Planning, _ subject: PipelineSubject) async throws -> Planning {
        guard case .planned(var plan) = planning.result else { return planning }
        let rulesCommit = try await subject.rulesCommit()
        var rules: Plan?
        if let rulesCommit, let file = try await subject.pipelineFile(at: rulesCommit) {
            let theirs = try await read(file, of: subject, at: rulesCommit, in: planning.context)
            if case .planned(let target) = theirs.result, !target.gatedNodes.isEmpty { rules = target }
        }
        // Most pipelines have none, and git is not asked for what nobody compares.
        guard rules != nil || !plan.gatedNodes.isEmpty else { return planning }
        plan.ground = try await subject.gateGround(before: rulesCommit)
        if let rules {
            plan.ground?.rulesCommit = rulesCommit
            plan.lay(gatesOf: rules)
        }
        var grounded = planning
        grounded.result = .planned(plan)
        return grounded
    }

    /// What the pipeline file gave, and what was known when it was read.
    private struct Planning {
        var result: NewPipeline.Planning
        var context: PlanningContext
        /// Why there is nothing to run, where there is not.
        var emptyReason: String?
    }

    private func plan(_ subject: PipelineSubject, variables: [Variable]) async throws -> Planning {
        let planning = try await plan(subject, as: subject.kind, variables: variables)
        // A fork's commit has no push pipeline of its own here: where the file knows no merge requests, it is planned
        // as the branch it would be.
        if subject.trust.isFork, subject.kind == .mergeRequest, case .planned(let planned) = planning.result,
            planned.jobs.isEmpty
        {
            return try await plan(subject, as: .branch, variables: variables)
        }
        return planning
    }

    private func plan(
        _ subject: PipelineSubject, as kind: PlanningContext.RefKind, variables: [Variable]
    ) async throws -> Planning {
        let context = context(of: subject, as: kind, variables: variables)
        guard let file = subject.pipelineFile else {
            let names = PipelineFile.candidates.joined(separator: " and no ")
            return Self.refusal("there is no \(names) at this commit", in: context)
        }
        return try await read(file, of: subject, in: context)
    }

    private func context(
        of subject: PipelineSubject, as kind: PlanningContext.RefKind, variables: [Variable] = []
    ) -> PlanningContext {
        PlanningContext(
            ref: subject.shortRef(as: kind), refKind: kind, defaultBranch: subject.repository.reference.defaultBranch,
            source: kind == .branch && subject.kind == .mergeRequest ? "push" : subject.gitLabSource,
            predefined: PredefinedVariables.pipeline(subject.facts(kind: kind, now: now())),
            pipelineVariables: variables, changedFiles: subject.changedFiles, tree: subject.tree)
    }

    private func read(
        _ file: String, of subject: PipelineSubject, at commit: String? = nil, in context: PlanningContext
    ) async throws -> Planning {
        var files: [String: SourceFile] = [:]
        for _ in 0...planner.limits.includes {
            switch planner.plan(file: file, files: files, context: context) {
            case .planned(let plan): return Planning(result: .planned(plan), context: context)
            case .nothing(let reason, let warnings):
                let empty = Plan(stages: [], jobs: [], warnings: warnings)
                return Planning(result: .planned(empty), context: context, emptyReason: reason)
            case .refused(let diagnostics):
                let first = diagnostics.first { $0.severity == .error } ?? diagnostics.first
                let reason = first.map { Self.words(of: $0) } ?? "\(file) is refused"
                return Planning(
                    result: .notPlanned(reason: reason, diagnostics: diagnostics), context: context)
            case .needsFiles(let paths):
                for path in paths {
                    do {
                        files[path] = try await subject.sourceFile(path, at: commit, limit: planner.limits.totalBytes)
                    } catch let error as GitError where error.code == .tooLarge {
                        let limit = planner.limits.totalBytes
                        return Self.refusal("\(path) is longer than the \(limit) bytes that are read", in: context)
                    }
                }
            }
        }
        return Self.refusal("\(file) asks for more and more files", in: context)
    }

    private static func refusal(_ reason: String, in context: PlanningContext) -> Planning {
        Planning(result: .notPlanned(reason: reason, diagnostics: [Diagnostic(.error, reason)]), context: context)
    }

    private static func words(of diagnostic: Diagnostic) -> String {
        guard let place = diagnostic.place else { return diagnostic.message }
        return "\(place.file):\(place.line):\(place.column) \(diagnostic.message)"
    }

    private func newPipeline(
        _ subject: PipelineSubject, _ planning: Planning, variables: [Variable]
    ) -> NewPipeline {
        var result = planning.result
        var environments: [String: String] = [:]
        var resourceGroups: [String: String] = [:]
        if case .planned(var plan) = result {
            for index in plan.jobs.indices {
                let job = plan.jobs[index]
                let expansion = VariableExpansion(planning.context.variables(for: job))
                environments[job.name] = job.environment.map { expansion.expand($0.name) }
                resourceGroups[job.name] = job.resourceGroup.map { expansion.expand($0) }
                // What a person gave wins for as long as the plan is kept.
                plan.jobs[index].variables += variables
            }
            if !variables.isEmpty { plan.given = variables.map(\.name) }
            result = .planned(plan)
        }
        var new = NewPipeline(
            repository: subject.repository.id, source: subject.source, ref: subject.ref, commit: subject.commit.id,
            trust: subject.trust, planning: result)
        new.before = subject.event.before
        new.fetchURL = subject.fetchURL
        new.pullRequest = subject.pullRequest?.number
        new.title = subject.pullRequest?.title ?? subject.commit.title
        new.author = subject.event.actor?.name ?? subject.commit.authorName
        new.isHeld = subject.trust.isFork
        new.variables = planning.context.predefined
        new.environments = environments
        new.resourceGroups = resourceGroups
        new.emptyReason = planning.emptyReason
        new.event = subject.identity
        return new
    }
}
