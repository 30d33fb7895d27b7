import Executors
import Foundation
import Forges
import GitRepositories
import Logging
import PipelineLanguage
import PipelineModel
import Runner
import Server
import Signing
import Store
import TestSupport

/// A case's plan carried out: its folder as a git repository, a store, and a runner that claims its jobs.
///
/// Everything is in the repository's temporary folder, which goes with it.
struct CaseRun: Sendable {
    /// How long the whole of a case may take. No case comes near it.
    static let limit = Duration.seconds(60)

    private let repository: GitFixture
    private let store: Store
    private let pipeline: PipelineID
    private let runner: RunnerService

    /// Commits the case's files and makes its pipeline; nothing runs yet.
    init(_ one: LanguageCase, _ plan: Plan) async throws {
        let repository = try GitFixture()
        self.repository = repository
        try one.repository.copy(into: repository.checkout)
        let commit = try repository.push([:], branch: one.context.ref)
        let logger = Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() }
        let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }
        store = try await Store.open(StoreSettings(folder: repository.folder + "/store", logger: logger), now: clock())
        let stored = try await store.addRepository(repository.repository, now: clock())
        let new = one.pipeline(plan, at: commit, of: stored)
        guard case .created(let made) = try await store.createPipeline(new, finishing: nil, now: clock()) else {
            throw Missing(what: "the pipeline was not made")
        }
        pipeline = made
        let assignments = AssignmentBuilder(
            store: store, vault: SecretVault(key: try SealingKey()), forges: ForgeConnections([]), limits: JobLimits())
        var settings = RunnerSettings(name: "conformance", stateFolder: repository.folder + "/runner")
        settings.slots = 4
        settings.memoryFolder = repository.folder
        settings.lowWater = .mebibytes(64)
        settings.grace = .zero
        settings.stopGrace = .seconds(1)
        runner = try RunnerService(
            settings: settings,
            coordinator: LocalCoordinator(
                store: store,
                runner: try await store.enterEmbeddedRunner(name: settings.name, tags: [], slots: 4, now: clock()),
                assignments: assignments, terms: LeaseTerms(), now: clock),
            executor: CaseEngine.executor(instance: try settings.instance()),
            mirrors: try Mirrors(root: repository.folder + "/mirrors"), logger: logger)
    }

    /// Lets the runner work while `body` looks on.
    /// - Returns: what `body` made of it; nil where that took longer than a case may.
    func carryOut<Result: Sendable>(_ body: @escaping @Sendable (CaseRun) async throws -> Result) async throws
        -> Result?
    {
        defer { try? store.close() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await runner.run()
                return nil
            }
            group.addTask {
                try await Task.sleep(for: Self.limit)
                return nil
            }
            group.addTask { try await body(self) }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Waits until nothing happens any more by itself.
    func settle() async throws -> PipelineEnd {
        while true {
            let seen = store.pipelineChanged.count
            guard let detail = try await store.pipeline(pipeline) else { throw Missing(what: "the pipeline is gone") }
            let isQuiet = detail.pipeline.state.isEnded || detail.pipeline.state == .manual
            if isQuiet && !detail.jobs.contains(where: \.state.isActive) { return try await end(detail) }
            await store.pipelineChanged.wait(after: seen)
            try Task.checkCancellation()
        }
    }

    /// Starts those of the jobs that wait for a person.
    func play(_ jobs: Set<String>) async throws {
        guard let detail = try await store.pipeline(pipeline) else { return }
        for job in detail.jobs where jobs.contains(job.name) && job.state == .manual {
            try await store.play(job.id, by: "Mira", now: detail.pipeline.createdAt)
        }
    }

    private func end(_ detail: PipelineDetail) async throws -> PipelineEnd {
        var end = PipelineEnd(state: detail.pipeline.state, jobs: [:])
        for job in detail.jobs {
            end.jobs[job.name] = JobEnd(
                job: job, output: try await output(of: job), artifacts: try await artifacts(of: job))
        }
        return end
    }

    private func output(of job: StoredJob) async throws -> String {
        guard let attempt = job.attempts.last else { return "" }
        var bytes: [UInt8] = []
        while true {
            let chunk = try await store.readLog(of: attempt.id, from: Int64(bytes.count))
            bytes += chunk.bytes
            if chunk.isLast || chunk.bytes.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        }
    }

    /// The paths that a job left, as they are after unpacking.
    private func artifacts(of job: StoredJob) async throws -> Set<String> {
        var paths: Set<String> = []
        for artifact in job.attempts.last?.artifacts ?? [] {
            let place = repository.folder + "/" + UUID().uuidString
            var bytes = Data()
            for try await piece in try await store.artifact(artifact.sha256) { bytes.append(contentsOf: piece) }
            paths.formUnion(try ArtifactListing.paths(in: bytes, at: place))
        }
        return paths
    }

    /// Something that was there is not.
    struct Missing: Error { var what: String }
}

extension LanguageCase {
    /// The pipeline as the server would make it of a push, in the images that stand in for the file's own.
    fileprivate func pipeline(_ plan: Plan, at commit: String, of repository: StoredRepository) -> NewPipeline {
        let image: CaseEngine.Image = expect["shell"]?.text == "bash" ? .bash : .tiny
        var plan = plan
        var environments: [String: String] = [:]
        for index in plan.jobs.indices {
            let job = plan.jobs[index]
            let expansion = VariableExpansion(context.variables(for: job))
            environments[job.name] = job.environment.map { expansion.expand($0.name) }
            plan.jobs[index].variables += context.projectVariables + context.pipelineVariables
            plan.jobs[index].image = .init(name: image.rawValue, entrypoint: job.image?.entrypoint)
            plan.jobs[index].tags = []
        }
        var new = NewPipeline(
            repository: repository.id, source: .push, ref: "refs/heads/" + context.ref, commit: commit,
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan))
        new.variables = Self.predefined(context, commit: commit)
        new.environments = environments
        return new
    }
}
