import Executors
import NIOConcurrencyHelpers
import PipelineModel

/// A coordinator in memory: hands out given assignments, and writes down what it is told.
final class TestCoordinator: Coordinator {
    struct State {
        var waiting: [Assignment] = []
        var assigned: [AttemptID: Assignment] = [:]
        var logs: [AttemptID: [UInt8]] = [:]
        var artifacts: [String: [UInt8]] = [:]
        var stored: [AttemptID: ArtifactReference] = [:]
        var checkpoints: [AttemptID: [ArtifactReference]] = [:]
        var results: [AttemptID: AttemptResult] = [:]
        var givenBack: [AttemptID: String] = [:]
        var heartbeats = 0
        var claims = 0
        var completions = 0
    }

    let state = NIOLockedValueBox(State())
    /// What an earlier process had in hand.
    let ofEarlier = NIOLockedValueBox<Set<LeaseKey>>([])
    var inHand: Set<LeaseKey> { ofEarlier.withLockedValue { $0 } }
    /// Given when a result or a giving back was accepted.
    let ended = NIOLockedValueBox<[AttemptID: ExecutorSignal]>([:])
    let leaseFor: Duration
    private let news: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)
    /// What a heartbeat is answered; nil renews.
    let onHeartbeat: NIOLockedValueBox<(@Sendable () throws -> HeartbeatAnswer)?> = NIOLockedValueBox(nil)
    /// Called before anything is taken; throws to refuse.
    let onAppend: NIOLockedValueBox<(@Sendable (Int64) throws -> Void)?> = NIOLockedValueBox(nil)
    let onArtifact: NIOLockedValueBox<(@Sendable () throws -> Void)?> = NIOLockedValueBox(nil)
    /// Called before a checkpoint is taken; throws to refuse.
    let onCheckpoint: NIOLockedValueBox<(@Sendable () throws -> Void)?> = NIOLockedValueBox(nil)
    /// Given when the first checkpoint was taken.
    let firstCheckpoint = ExecutorSignal()
    let onComplete: NIOLockedValueBox<(@Sendable (Int) throws -> Void)?> = NIOLockedValueBox(nil)

    init(leaseFor: Duration = .seconds(60)) {
        self.leaseFor = leaseFor
        news = AsyncStream.makeStream()
    }

    func offer(_ assignment: Assignment) {
        state.withLockedValue { $0.waiting.append(assignment) }
        news.continuation.yield()
    }

    func signal(for attempt: AttemptID) -> ExecutorSignal {
        ended.withLockedValue { known in
            if let signal = known[attempt] { return signal }
            let signal = ExecutorSignal()
            known[attempt] = signal
            return signal
        }
    }

    func log(of attempt: AttemptID) -> String {
        state.withLockedValue { String(decoding: $0.logs[attempt] ?? [], as: UTF8.self) }
    }

    func result(of attempt: AttemptID) -> AttemptResult? { state.withLockedValue { $0.results[attempt] } }

    func claim(_ request: ClaimRequest) async throws -> Claim? {
        state.withLockedValue { $0.claims += 1 }
        for await _ in news.stream {
            let next = state.withLockedValue { state -> Assignment? in
                guard !state.waiting.isEmpty else { return nil }
                let next = state.waiting.removeFirst()
                state.assigned[next.key.attempt] = next
                return next
            }
            if let next {
                return Claim(key: next.key, pipeline: next.pipeline, jobName: next.job.name, leaseFor: leaseFor)
            }
        }
        return nil
    }

    func acknowledge(_ key: LeaseKey) async throws -> Assignment {
        guard let assignment = state.withLockedValue({ $0.assigned[key.attempt] }) else {
            throw CoordinatorError.leaseLost
        }
        return assignment
    }

    func heartbeat(_ key: LeaseKey) async throws -> HeartbeatAnswer {
        state.withLockedValue { $0.heartbeats += 1 }
        if let answer = onHeartbeat.withLockedValue({ $0 }) { return try answer() }
        return .renewed(leaseFor: leaseFor)
    }

    func append(_ bytes: [UInt8], at offset: Int64, to key: LeaseKey) async throws -> Int64 {
        try onAppend.withLockedValue { $0 }?(offset)
        return state.withLockedValue { state in
            let stored = Int64(state.logs[key.attempt]?.count ?? 0)
            guard offset <= stored else { return stored }
            state.logs[key.attempt, default: []] += bytes.dropFirst(Int(stored - offset))
            return Int64(state.logs[key.attempt]?.count ?? 0)
        }
    }

    func store(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        var bytes: [UInt8] = []
        for try await piece in content { bytes += piece }
        let whole = bytes
        state.withLockedValue {
            $0.artifacts[artifact.sha256] = whole
            $0.stored[key.attempt] = artifact
        }
    }

    func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        try onCheckpoint.withLockedValue { $0 }?()
        var bytes: [UInt8] = []
        for try await piece in content { bytes += piece }
        let whole = bytes
        let count = state.withLockedValue { state in
            state.artifacts[artifact.sha256] = whole
            state.checkpoints[key.attempt, default: []].append(artifact)
            return state.checkpoints[key.attempt]?.count ?? 0
        }
        if count == 1 { firstCheckpoint.give() }
    }

    /// What the newest checkpoint of an attempt would be for the next one.
    func checkpoint(of attempt: AttemptID) -> Checkpoint? {
        state.withLockedValue { $0.checkpoints[attempt]?.last }.map {
            Checkpoint(artifact: $0, attempt: 1, savedAt: Timestamp(milliseconds: 1))
        }
    }

    func artifact(_ sha256: String, for key: LeaseKey) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        try onArtifact.withLockedValue { $0 }?()
        guard let bytes = state.withLockedValue({ $0.artifacts[sha256] }) else {
            throw CoordinatorError.refused("no such artifact")
        }
        let pieces = NIOLockedValueBox(
            stride(from: 0, to: bytes.count, by: 1_000).map { Array(bytes[$0...].prefix(1_000)) })
        return AsyncThrowingStream { pieces.withLockedValue { $0.isEmpty ? nil : $0.removeFirst() } }
    }

    func complete(_ key: LeaseKey, with result: AttemptResult) async throws {
        let count = state.withLockedValue { state in
            state.completions += 1
            return state.completions
        }
        try onComplete.withLockedValue { $0 }?(count)
        state.withLockedValue { $0.results[key.attempt] = result }
        signal(for: key.attempt).give()
    }

    func giveBack(_ key: LeaseKey, because reason: String) async throws {
        state.withLockedValue { $0.givenBack[key.attempt] = reason }
        signal(for: key.attempt).give()
    }
}
