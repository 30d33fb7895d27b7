import Foundation
import PipelineModel
import Signing
import Testing

@testable import Store

/// A moment some seconds after a fixed one.
func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + Int64(seconds * 1_000)) }

/// A store in a folder of its own, which goes with it.
final class TestStore: Sendable {
    let folder: String
    let store: Store
    let repository: StoredRepository

    init(tariff: Tariff? = nil, faults: FaultInjector = .none) async throws {
        folder = NSTemporaryDirectory() + "pawl-store-" + UUID().uuidString
        store = try await Self.open(folder, tariff: tariff, faults: faults)
        repository = try await store.addRepository(Self.churn, now: at(0))
    }

    deinit {
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    static let churn = RepositoryReference(
        forge: "github", remoteID: 7, name: "ml/churn", cloneURL: "https://git.example.com/ml/churn.git",
        defaultBranch: "main")

    static func open(_ folder: String, tariff: Tariff? = nil, faults: FaultInjector = .none) async throws -> Store {
        try await Store.open(
            StoreSettings(folder: folder, tariff: tariff, faults: faults), now: at(0))
    }

    /// Makes a pipeline and gives its number.
    @discardableResult
    func pipeline(
        _ plan: Plan, ref: String = "refs/heads/main", commit: String = "7fd1a60", source: PipelineSource = .push,
        isHeld: Bool = false, now: Timestamp = at(0)
    ) async throws -> PipelineID {
        var new = NewPipeline(
            repository: repository.id, source: source, ref: ref, commit: commit,
            trust: PipelineTrust(isProtected: true, isFork: isHeld), planning: .planned(plan))
        new.isHeld = isHeld
        let creation = try await store.createPipeline(new, finishing: nil, now: now)
        guard case .created(let id) = creation else { throw StoreError(.invalid, message: "not created") }
        return id
    }

    func delivery(
        key: String? = nil, body: String = "{}", now: Timestamp = at(0)
    ) async throws -> DeliveryID {
        try await store.storeDelivery(
            NewDelivery(forge: "github", event: "push", key: key, remoteID: 7, body: Array(body.utf8)), now: now)
    }

    /// The states of a pipeline's jobs, by name.
    func states(_ id: PipelineID) async throws -> [String: JobState] {
        let detail = try #require(try await store.pipeline(id))
        return Dictionary(uniqueKeysWithValues: detail.jobs.map { ($0.name, $0.state) })
    }

    func state(_ id: PipelineID) async throws -> PipelineState {
        try #require(try await store.pipeline(id)).pipeline.state
    }

    func job(_ name: String, of pipeline: PipelineID) async throws -> StoredJob {
        try #require(try await store.job(named: name, of: pipeline))
    }

    /// Claims the next job and acknowledges it.
    func start(_ name: String? = nil, now: Timestamp = at(1), tags: [String] = []) async throws -> LeaseKey {
        let claim = try #require(
            try await store.claim(
                as: "r1", tags: tags, leaseFor: .seconds(60), now: now))
        if let name { #expect(claim.jobName == name) }
        _ = try await store.acknowledge(claim.key, now: now)
        return claim.key
    }

    /// Carries out the next job to its end.
    func run(_ name: String? = nil, failing failure: Failure? = nil, now: Timestamp = at(1)) async throws {
        let key = try await start(name, now: now)
        try await store.complete(key, with: Self.result(failure, at: now), now: now)
    }

    static func result(_ failure: Failure? = nil, at now: Timestamp) -> AttemptResult {
        AttemptResult(failure: failure, exitCode: failure?.exitCode ?? 0, summary: "done", finishedAt: now)
    }

    /// What the outbox owes now, as `context state`.
    func owed(now: Timestamp = at(1_000)) async throws -> [String] {
        try await store.dueMessages(now: now).map { "\($0.status.context) \($0.status.state.rawValue)" }
    }
}

/// A plan of jobs that name what they need.
func plan(_ jobs: [(String, [String])], change: (inout PlannedJob) -> Void = { _ in }) -> Plan {
    let planned = jobs.map { name, needs in
        var job = PlannedJob(name: name, stage: "test", script: ["true"])
        job.needs = needs.map { PlannedJob.Need(job: $0) }
        change(&job)
        return job
    }
    return Plan(stages: ["test"], jobs: planned)
}

/// A failure of the script.
let scriptFailure = Failure(.script, exitCode: 1, "exit 1")

/// The SHA-256 of bytes as artifacts are named by it.
func sha256(_ bytes: [UInt8]) throws -> String { Hex.encode(try SHA256Digest.of(bytes)) }

/// Expects an error of the store with a code, and gives its message.
@discardableResult
func expectError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> String {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as StoreError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error.message
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
    return ""
}
