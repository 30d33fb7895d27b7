import PipelineModel

/// What an acknowledged attempt is about: the stored part of an assignment.
public struct AcknowledgedAttempt: Sendable {
    /// The lease to speak under.
    public var key: LeaseKey
    /// Which attempt at the job it is, from 1.
    public var attemptNumber: Int
    /// The pipeline it belongs to.
    public var pipeline: StoredPipeline
    /// Its number within the repository, from 1.
    public var pipelineNumber: Int
    /// The name that the pipeline file gives it, where it does.
    public var pipelineName: String?
    /// The repository.
    public var repository: StoredRepository
    /// The job as planned.
    public var job: PlannedJob
    /// The environment of the job, by its full name.
    public var environment: String?
    /// Predefined variables of the event.
    public var variables: [Variable]
    /// What earlier jobs hand on, in the plan's order, without what a person gave otherwise.
    public var dotenv: [Variable]
    /// Artifacts of earlier jobs to lay into the workspace, in the plan's order.
    public var artifacts: [ArtifactInput]
    /// Earlier jobs whose artifacts it should get and whose artifacts are not kept any more.
    public var expired: [String]
    /// What an earlier attempt saved of the job's work, to go on from.
    public var checkpoint: Checkpoint?
    /// The GPUs that go with it.
    public var gpus: [GrantedGPU]
}

extension Store {
    /// Says that the runner will start the attempt now. May be repeated.
    /// - Parameter leaseFor: how long the lease holds from now on; nil leaves it as it is.
    /// - Throws: `StoreError.leaseLost` where it was stopped, given to another, or has ended.
    public func acknowledge(
        _ key: LeaseKey, leaseFor: Duration? = nil, now: Timestamp
    ) async throws -> AcknowledgedAttempt {
        let acknowledged = try await changeJob(of: key, now: now) { connection, _ in
            let attempt = try StoredAttempt.held(key, in: [.claimed, .running], on: connection)
            if attempt.state == .claimed {
                try connection.execute(
                    "UPDATE attempt SET state = 'running', acknowledged_at = $2, resumed_from = $3 WHERE id = $1",
                    key.attempt, now, try Self.checkpoint(for: attempt, on: connection)?.attempt)
                try connection.execute("UPDATE job SET started_at = $2 WHERE id = $1", key.job, now)
            }
            if let leaseFor {
                try connection.execute(
                    "UPDATE attempt SET lease_until = $2 WHERE id = $1", key.attempt, now + leaseFor)
            }
            return try Self.describe(attempt, on: connection)
        }
        settings.faults.reach(.acknowledged)
        return try await withoutLostCheckpoint(acknowledged)
    }

    /// Prolongs the lease to `now + leaseFor`, and says whether to go on.
    public func renew(_ key: LeaseKey, leaseFor: Duration, now: Timestamp) async throws -> HeartbeatAnswer {
        try await database.write { connection in
            let renewed = try connection.execute(
                """
                UPDATE attempt SET lease_until = $4
                WHERE id = $1 AND job = $2 AND epoch = $3 AND state IN ('claimed', 'running')
                """, key.attempt, key.job, key.epoch, now + leaseFor)
            guard renewed > 0 else { return .lost }
            let row = try connection.row("SELECT cancel_reason FROM job WHERE id = $1", key.job)
            if let reason = try row?.optionalText("cancel_reason") { return .cancel(reason: reason) }
            return .renewed(leaseFor: leaseFor)
        }
    }

    /// Whether an attempt is to go on: it is its runner's still, and nobody has asked to stop its job.
    public func isWanted(_ key: LeaseKey) async throws -> Bool {
        try await database.read { connection in
            try connection.row(
                """
                SELECT attempt.id FROM attempt JOIN job ON job.id = attempt.job
                WHERE attempt.id = $1 AND attempt.job = $2 AND attempt.epoch = $3
                    AND attempt.state IN ('claimed', 'running') AND job.cancel_reason IS NULL
                """, key.attempt, key.job, key.epoch) != nil
        }
    }

    /// Takes an attempt back unspent, because its runner stops or nothing could be begun: the job waits for another.
    /// - Parameter rest: whether it keeps its place in the queue, or waits the longer the oftener it was given back.
    /// - Throws: `StoreError.leaseLost` where the attempt is not the runner's any more.
    public func giveBack(
        _ key: LeaseKey, because reason: String, rest: RetryRule.Rest = .none, now: Timestamp
    ) async throws {
        let settings = settings
        try await changeJob(of: key, now: now) { connection, consequences in
            let attempt = try StoredAttempt.find(key, on: connection)
            if attempt.state == .givenBack { return }
            _ = try StoredAttempt.held(key, in: [.claimed, .running], on: connection)
            try Self.end(
                attempt, as: .givenBack, summary: reason.cut(to: 120), tariff: settings.tariff, on: connection, now: now
            )
            try Self.returnToQueue(attempt, rest: rest, on: connection, settings: settings, &consequences, now: now)
        }
        logs.tell(key.attempt)
        await uploads.remove(key.attempt)
    }

    /// Gives every lease at least that long from now, as after a pause of the server that runners could not speak in.
    public func extendLeases(by duration: Duration, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                "UPDATE attempt SET lease_until = $1 WHERE state IN ('claimed', 'running') AND lease_until < $1",
                now + duration)
        }
    }

    /// Runs a transaction about the job of a lease. Where what is stored of it cannot be read, the job ends as failed on
    /// Pawl's side before the error is thrown, so that it is not handed out for ever.
    func changeJob<Result: Sendable>(
        of key: LeaseKey, now: Timestamp,
        _ body: @escaping @Sendable (any DatabaseConnection, inout Consequences) throws -> Result
    ) async throws -> Result {
        do {
            return try await change(body)
        } catch let error as StoreError where error.code == .corrupt {
            let settings = settings
            do {
                try await change { connection, consequences in
                    try Self.endUnreadable(
                        key.job, because: error, on: connection, settings: settings, &consequences, now: now)
                }
            } catch {
                // The job has not ended, so that whoever asked must not take it for dealt with.
                throw StoreError(
                    .unavailable, message: "Job \(key.job) cannot be read, and not be ended.", cause: error)
            }
            throw error
        }
    }

    /// Makes a job ready again whose attempt does not count; or ends it, where it was to be stopped anyway.
    static func returnToQueue(
        _ attempt: StoredAttempt, rest: RetryRule.Rest = .none, on connection: any DatabaseConnection,
        settings: StoreSettings, _ consequences: inout Consequences, now: Timestamp
    ) throws {
        let wait = rest == .none ? nil : RetryRule.wait(afterGivingBack: try givenBack(attempt.job, on: connection))
        var change = try PipelineChange(try pipeline(of: attempt.job, on: connection), on: connection)
        let index = try change.index(of: attempt.job)
        change.update(index) { job in
            if let reason = job.cancelReason {
                job.end(as: .cancelled, failure: Failure(.cancelled, reason), now: now)
            } else {
                // Without a rest it keeps its place in the queue.
                job.makeReady(at: wait.map { now + $0 } ?? job.readyAt ?? now)
            }
        }
        try change.save(on: connection, settings: settings, &consequences, now: now)
    }

    /// How often in a row, the last time among them, a job was given back.
    private static func givenBack(_ job: JobID, on connection: any DatabaseConnection) throws -> Int {
        try connection.row(
            """
            SELECT count(*) AS times FROM attempt
            WHERE job = $1 AND number > coalesce(
                (SELECT max(other.number) FROM attempt AS other WHERE other.job = $1 AND other.state <> 'given_back'), 0)
            """, job)?.int("times") ?? 0
    }

    /// Ends an attempt that has no result of its own.
    static func end(
        _ attempt: StoredAttempt, as state: AttemptState, failure: Failure? = nil, summary: String? = nil,
        tariff: Tariff?, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try connection.execute(
            """
            UPDATE attempt SET state = $2, failure = $3, summary = $4, finished_at = $5, ended_at = $5 WHERE id = $1
            """, attempt.id, state, try failure.map { try jsonText($0) }, summary, now)
        try account(for: attempt, reported: nil, tariff: tariff, on: connection, now: now)
    }

    /// The pipeline that a job belongs to.
    static func pipeline(of job: JobID, on connection: any DatabaseConnection) throws -> PipelineID {
        guard let row = try connection.row("SELECT pipeline FROM job WHERE id = $1", job) else {
            throw StoreError(.notFound, message: "There is no job \(job).")
        }
        return try row.id("pipeline")
    }
}

extension String {
    /// The text, no longer than that many characters.
    func cut(to limit: Int) -> String { count > limit ? String(prefix(limit - 1)) + "…" : self }
}
