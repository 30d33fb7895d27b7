import Executors
import Foundation
import GitRepositories
import Logging
import PipelineModel
import Runner
import Server
import ServiceLifecycle
import Signing
import Store

/// A pipeline on this machine alone: the server's own queue on a file that goes with it, and one runner.
struct LocalPipeline: Sendable {
    /// What a person decides about it.
    struct Settings: Sendable {
        /// The image of jobs that name none.
        var defaultImage: String?
        /// How many jobs run at once.
        var slots: Int
        /// Given to every job.
        var secrets: ExecSecrets
        /// Folders of this machine that jobs may read, by the names that they ask for them by.
        var data: [String: String] = [:]
        /// Variables that win over the file's.
        var variables: [Variable]
        /// Where to say what goes wrong beside the jobs.
        var logger: Logger
    }

    /// The queue, with logs and artifacts.
    let store: Store
    /// The pipeline.
    let id: PipelineID
    /// Runs its jobs.
    let runner: RunnerService
    private let rescue: RescueService
    private let judging: JudgingService
    /// Lets jobs with inputs run: nothing is proved here.
    private let proving: ProvingService

    private static let clock: @Sendable () -> Timestamp = { .wall }

    /// Makes the pipeline; nothing runs yet.
    /// - Parameters:
    ///   - inventory: looks at what this machine has.
    ///   - executor: starts the containers of the runner with that id.
    init(
        _ plan: Plan, of planning: ExecPlanning, in scratch: ExecScratch, settings: Settings,
        inventory: @escaping @Sendable (MachineInventory.Freshness) async -> RunnerInventory = { _ in .init() },
        executor: (_ instance: String) -> any Executor
    ) async throws {
        let store = try await Store.open(
            StoreSettings(folder: scratch.path + "/store", logger: settings.logger), now: .wall)
        self.store = store
        let vault = SecretVault(key: try SealingKey())
        let repository = try await store.addRepository(
            RepositoryReference(
                forge: "checkout", remoteID: 1, name: planning.repository,
                cloneURL: planning.snapshot.repository.path, defaultBranch: planning.defaultBranch), now: .wall)
        for secret in settings.secrets.values {
            let sealed = try vault.seal(secret.value, named: secret.name, environment: nil, of: repository.id)
            try await store.setSecret(
                SecretDescription(name: secret.name), of: repository.id, sealed: sealed, now: .wall)
        }
        let new = planning.pipeline(of: repository.id, plan: plan, variables: settings.variables)
        guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: .wall) else {
            throw CommandFailure(.failed, "the pipeline was not made")
        }
        self.id = id

        // A person watches: neither a long training nor a long silence is stopped.
        let limits = JobLimits(timeout: .days(7), noOutputTimeout: .days(1), logSize: .mebibytes(64))
        let assignments = AssignmentBuilder(
            store: store, vault: vault, forges: ForgeConnections([]), limits: limits,
            defaultImage: settings.defaultImage)
        let terms = LeaseTerms()
        var own = RunnerSettings(name: "this machine", stateFolder: scratch.runner)
        let coordinator = LocalCoordinator(
            store: store,
            runner: try await store.enterEmbeddedRunner(
                name: own.name, tags: [], slots: settings.slots, inventory: await inventory(.recent),
                now: Self.clock()),
            assignments: assignments, terms: terms, now: Self.clock)
        own.slots = settings.slots
        own.version = Version.text
        own.lowWater = .mebibytes(256)
        own.grace = .zero
        // The person whose checkout it is owns the data as well.
        own.data = settings.data.mapValues { .init(path: $0, forks: true) }
        own.stopGrace = .seconds(3)
        runner = try RunnerService(
            settings: own, coordinator: coordinator, executor: executor(try own.instance()),
            mirrors: try Mirrors(root: scratch.path + "/mirrors"), inventory: inventory, logger: settings.logger)
        rescue = RescueService(store: store, terms: terms, now: Self.clock, logger: settings.logger)
        judging = JudgingService(store: store, now: Self.clock, logger: settings.logger)
        proving = ProvingService(store: store, keys: nil, now: Self.clock, logger: settings.logger)
    }

    /// Runs jobs until the pipeline has ended, or the process is told to stop; then nothing of it runs any more, and
    /// what had not ended is cancelled.
    /// - Parameter watching: told of every change; returns when it has seen the end.
    /// - Returns: the pipeline as it ended.
    func carryOut(watching: @escaping @Sendable () async throws -> Void) async throws -> PipelineDetail {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await runner.run()
                return true
            }
            group.addTask {
                try await rescue.run()
                return false
            }
            group.addTask {
                try await judging.run()
                return false
            }
            group.addTask {
                try await proving.run()
                return false
            }
            group.addTask {
                try await watching()
                return true
            }
            defer { group.cancelAll() }
            do {
                while let isOver = try await group.next(), !isOver {}
            } catch is CancellationError {
                // Told to stop before the first job.
            }
        }
        if let detail = try await store.pipeline(id), !detail.pipeline.state.isEnded {
            try await store.cancelPipeline(id, because: "stopped by ^C", by: "you", now: .wall)
        }
        guard let detail = try await store.pipeline(id) else {
            throw CommandFailure(.failed, "the pipeline is not in its database any more")
        }
        return detail
    }
}

extension ExecPlanning {
    /// The pipeline, as the server would have made it of an event.
    func pipeline(of repository: RepositoryID, plan: Plan, variables: [Variable]) -> NewPipeline {
        var plan = plan
        var environments: [String: String] = [:]
        var resourceGroups: [String: String] = [:]
        for index in plan.jobs.indices {
            let job = plan.jobs[index]
            let expansion = VariableExpansion(context.variables(for: job))
            environments[job.name] = job.environment.map { expansion.expand($0.name) }
            resourceGroups[job.name] = job.resourceGroup.map { expansion.expand($0) }
            plan.jobs[index].variables += variables
        }
        if !variables.isEmpty { plan.given = variables.map(\.name) }
        var new = NewPipeline(
            repository: repository, source: context.refKind == .mergeRequest ? .pullRequest : .push,
            ref: "refs/heads/" + snapshot.branch, commit: snapshot.commit,
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan))
        new.before = snapshot.head
        new.title = commit.title
        new.author = commit.authorName
        new.variables = context.predefined
        new.environments = environments
        new.resourceGroups = resourceGroups
        return new
    }
}
