import Logging
import PipelineModel
import Store

/// The coordinator in the server's own process: hands out what the store has, and writes down what runners bring.
public struct LocalCoordinator: Coordinator {
    private let store: Store
    private let runner: RunnerID
    private let assignments: AssignmentBuilder
    private let terms: LeaseTerms
    private let now: @Sendable () -> Timestamp

    /// Hands out jobs of a store to one runner.
    public init(
        store: Store, runner: RunnerID, assignments: AssignmentBuilder, terms: LeaseTerms,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.runner = runner
        self.assignments = assignments
        self.terms = terms
        self.now = now
    }

    /// Waits for the store's signal, or for the time of a job that is held back for a while.
    public func claim(_ request: ClaimRequest) async throws -> Claim? {
        try await claim(request, tokenHash: nil) { terms.sweepEvery }
    }

    /// Waits as `claim` does, for a time at most, and ties the attempt to a token that every later call has to show.
    /// - Throws: `CoordinatorError.gone` where the runner is to ask no more.
    func claim(_ request: ClaimRequest, tokenHash: [UInt8], atMost limit: Duration) async throws -> Claim? {
        let end = ContinuousClock.now + limit
        return try await claim(request, tokenHash: tokenHash) {
            if let words = try await store.farewell(to: runner) { throw CoordinatorError.gone(words) }
            return ContinuousClock.now.duration(to: end)
        }
    }

    /// - Parameter left: called before each look; how long to wait at most where it finds nothing.
    private func claim(
        _ request: ClaimRequest, tokenHash: [UInt8]?, left: () async throws -> Duration
    ) async throws -> Claim? {
        try await translated { try await store.noteRunner(runner, request: request, now: now()) }
        while !Task.isCancelled {
            let seen = store.readyJobs.count
            let left = try await translated(left)
            if let claim = try await translated({
                try await store.claim(by: runner, leaseFor: terms.handOut, tokenHash: tokenHash, now: now())
            }) {
                return claim
            }
            if left <= .zero { return nil }
            let moment = now()
            let next = try await translated { try await store.nextReadyAt(after: moment) }
            let wait = next.map { max($0 - moment, .milliseconds(1)) } ?? terms.sweepEvery
            await store.readyJobs.wait(after: seen, atMost: min(wait, terms.sweepEvery, left))
        }
        return nil
    }

    /// Takes the attempt, and puts its assignment together. Where that cannot be done, the attempt ends here, so that the
    /// job neither runs without something nor stands in the way of the others: it is lost to the runner.
    public func acknowledge(_ key: LeaseKey) async throws -> Assignment {
        let moment = now()
        let attempt = try await translated { try await store.acknowledge(key, leaseFor: terms.lease, now: moment) }
        if let failure = Self.failure(forExpired: attempt) {
            try await end(key, as: failure)
            throw CoordinatorError.leaseLost
        }
        do {
            var assignment = try await assignments.assignment(for: attempt, now: moment)
            assignment.leaseFor = terms.lease
            return assignment
        } catch {
            let setback = Setback(error)
            if setback.outlook == .passing {
                try await translated {
                    try await store.giveBack(key, because: setback.message, rest: .backOff, now: now())
                }
            } else {
                try await end(key, as: Failure(.system, setback.message))
            }
            throw CoordinatorError.leaseLost
        }
    }

    /// What is wrong with an attempt whose inputs are not kept any more; nil where nothing is.
    private static func failure(forExpired attempt: AcknowledgedAttempt) -> Failure? {
        guard !attempt.expired.isEmpty else { return nil }
        let names = attempt.expired.joined(separator: ", ")
        let commands = attempt.expired.map { "pawl retry \(attempt.pipeline.id)/\($0)" }.joined(separator: ", ")
        return Failure(.policy, "the artifacts of \(names) that it needs have expired: \(commands)")
    }

    private func end(_ key: LeaseKey, as failure: Failure) async throws {
        let moment = now()
        let result = AttemptResult(failure: failure, summary: failure.message, finishedAt: moment)
        try await translated { try await store.complete(key, with: result, now: moment) }
    }

    /// Prolongs the lease by the server's terms.
    public func heartbeat(_ key: LeaseKey) async throws -> HeartbeatAnswer {
        try await translated { try await store.renew(key, leaseFor: terms.lease, now: now()) }
    }

    /// Looks whenever something about a pipeline has changed.
    public func untilStopIsWanted(_ key: LeaseKey) async {
        while !Task.isCancelled {
            let seen = store.pipelineChanged.count
            guard (try? await store.isWanted(key)) ?? true else { return }
            await store.pipelineChanged.wait(after: seen)
        }
    }

    /// Adds to the attempt's log file.
    public func append(_ bytes: [UInt8], at offset: Int64, to key: LeaseKey) async throws -> Int64 {
        try await translated { try await store.appendLog(bytes, at: offset, to: key) }
    }

    /// Keeps an archive among the store's blobs.
    public func store(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        try await translated {
            try await store.storeArtifact(
                artifact, content: content, for: key, keptFor: assignments.artifactRetention, now: now())
        }
    }

    /// Keeps it among the store's blobs, in place of what the job had saved before.
    public func storeCheckpoint(
        _ artifact: ArtifactReference, content: AsyncThrowingStream<[UInt8], any Error>, for key: LeaseKey
    ) async throws {
        try await translated { try await store.storeCheckpoint(artifact, content: content, for: key, now: now()) }
    }

    /// Reads an archive of an earlier job, or what an earlier attempt saved.
    public func artifact(
        _ sha256: String, for key: LeaseKey
    ) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        try await translated { try await store.artifact(sha256, for: key) }
    }

    /// Ends the attempt, and does all that follows from it.
    public func complete(_ key: LeaseKey, with result: AttemptResult) async throws {
        try await translated {
            try await store.complete(key, with: LogCoverage.added(to: result, of: key, in: store), now: now())
        }
    }

    /// Puts the job back into the queue, its attempt unspent.
    public func giveBack(_ key: LeaseKey, because reason: String) async throws {
        try await translated { try await store.giveBack(key, because: reason, now: now()) }
    }

    /// Says in the runner's words what the store refused.
    private func translated<Result>(_ call: () async throws -> Result) async throws -> Result {
        do {
            return try await call()
        } catch let error as StoreError {
            throw CoordinatorError(telling: error)
        }
    }
}

extension CoordinatorError {
    /// What a runner is told of the store's error.
    init(telling error: StoreError) {
        switch error.code {
        case .leaseLost: self = .leaseLost
        case .refused, .notFound, .corrupt, .invalid: self = .refused(error.message)
        default: self = .unavailable(error.message)
        }
    }
}
