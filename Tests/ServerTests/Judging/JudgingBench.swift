import Foundation
import Logging
import PipelineModel
import Store
import Testing

@testable import Server

/// A store in which pipelines of an evaluate job with seeds are carried out by hand, and judged by the server's own service.
final class JudgingBench: Sendable {
    let store: Store
    let repository: StoredRepository
    let judging: JudgingService
    private let folder: String

    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    /// - Parameter reference: the repository; nil for one that no forge has.
    init(_ reference: RepositoryReference? = nil) async throws {
        folder = NSTemporaryDirectory() + "pawl-judging-\(UUID().uuidString)"
        store = try await Store.open(StoreSettings(folder: folder), now: Self.now)
        repository = try await store.addRepository(
            reference
                ?? RepositoryReference(
                    forge: "github", remoteID: 7, name: "ml/churn", cloneURL: "https://git.example.com/ml/churn.git",
                    defaultBranch: "main"), now: Self.now)
        judging = JudgingService(
            store: store, now: { Self.now }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A pipeline's place: where its commit stands and what it is for.
    struct Place {
        var commit: String
        var ref = "refs/heads/main"
        var source = PipelineSource.push
        var pullRequest: Int64?
        /// The commits before it on `main`, the nearest first.
        var after: [String] = []

        static func main(_ commit: String, after: [String] = []) -> Place { Place(commit: commit, after: after) }
        static func pull(_ number: Int64, _ commit: String, after: [String]) -> Place {
            Place(
                commit: commit, ref: "refs/pull/\(number)/head", source: .pullRequest, pullRequest: number,
                after: after)
        }
    }

    static func plan(
        seeds: Int, after: [String] = [], change: (inout PlannedJob) -> Void = { _ in }
    ) -> Plan {
        var evaluate = PlannedJob(name: "evaluate", stage: "test", script: ["true"])
        var ml = MLSettings()
        ml.seeds = seeds
        var rule = GateRule(metric: "f1", want: .higher)
        rule.tolerance = .absolute(0.002)
        ml.gate = [rule]
        evaluate.ml = ml
        change(&evaluate)
        var deploy = PlannedJob(name: "deploy", stage: "deploy", script: ["true"])
        deploy.needs = [.init(job: "evaluate")]
        // No runner here takes it.
        deploy.tags = ["production"]
        let stages = ["test", "deploy"]
        var plan = Plan(stages: stages, jobs: SeedExpansion([evaluate, deploy], stages: stages).expanded())
        plan.ground = GateGround(target: "main", ancestors: after)
        return plan
    }

    /// Makes a pipeline.
    func make(_ place: Place, plan: Plan) async throws -> PipelineID {
        var new = NewPipeline(
            repository: repository.id, source: place.source, ref: place.ref, commit: place.commit,
            trust: PipelineTrust(isProtected: false, isFork: false), planning: .planned(plan))
        new.pullRequest = place.pullRequest
        guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: Self.now) else {
            throw StoreError(.invalid, message: "not created")
        }
        return id
    }

    /// Carries out the jobs of the node that are ready, each with the next of the values; nil fails it.
    func carryOut(_ values: [Double?]) async throws {
        for value in values { try await carryOut(value.map { MetricReport(metrics: [Metric("f1", $0)]) }) }
    }

    /// Carries out the next job that is ready; it fails where it reports nothing.
    func carryOut(_ report: MetricReport?) async throws {
        let claim = try #require(
            try await store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: Self.now))
        _ = try await store.acknowledge(claim.key, now: Self.now)
        var result = AttemptResult(exitCode: 0, finishedAt: Self.now)
        result.report = report
        if report == nil { result.failure = Failure(.script, exitCode: 1, "exit 1") }
        try await store.complete(claim.key, with: result, now: Self.now)
    }

    /// Makes a pipeline, carries it out, judges it.
    @discardableResult
    func run(
        _ place: Place, _ values: [Double?], change: (inout PlannedJob) -> Void = { _ in }
    ) async throws -> PipelineID {
        let id = try await make(place, plan: Self.plan(seeds: values.count, after: place.after, change: change))
        try await carryOut(values)
        await judging.judgeAll()
        return id
    }

    func state(_ job: String, of pipeline: PipelineID) async throws -> JobState {
        try #require(try await store.job(named: job, of: pipeline)).state
    }

    func verdict(of pipeline: PipelineID) async throws -> Verdict {
        try #require(try await store.verdicts(of: pipeline).first).verdict
    }

    /// What forges are owed under a context, oldest first.
    func statuses(_ context: String, of pipeline: PipelineID) async throws -> [CommitStatus] {
        try await store.outbox(of: pipeline, limit: 200).compactMap {
            $0.status.context == context ? $0.status : nil
        }
    }
}
