import PipelineModel

extension Store {
    /// Takes attempts whose leases have ended from their runners, at most that many, the longest overdue first.
    ///
    /// One that was never acknowledged goes back to the queue unspent, since nothing of it can have started. One that
    /// was is lost, which is Pawl's failure: the job is tried again, after a while, as often as such failures are.
    public func rescue(limit: Int = 20, now: Timestamp) async throws -> [LeaseKey] {
        let overdue = try await database.read { connection in
            try connection.rows(
                """
                SELECT \(StoredAttempt.columns) FROM attempt
                WHERE state IN ('claimed', 'running') AND lease_until < $1 ORDER BY lease_until, id LIMIT $2
                """, now, limit
            ).map { try StoredAttempt(row: $0).key }
        }
        return await lose(overdue, because: .overdue(at: now), now: now)
    }

    /// When the next lease ends unless it is renewed; nil when none is held.
    public func nextLeaseEnd() async throws -> Timestamp? {
        try await database.read { connection in
            try connection.row(
                "SELECT min(lease_until) AS at FROM attempt WHERE state IN ('claimed', 'running')")?
                .optionalTime("at")
        }
    }

    /// Takes everything from a runner that is known to be gone, as the embedded one is when the server starts: to be
    /// called after results that it had put aside were sent. Its jobs are tried again at once.
    /// - Parameter kept: what it goes on with all the same.
    public func loseLeases(
        ofRunner runner: RunnerID, except kept: Set<LeaseKey> = [], now: Timestamp
    ) async throws -> [LeaseKey] {
        try await loseLeases(ofRunner: runner, except: kept, because: .runnerEnded, now: now)
    }

    func loseLeases(
        ofRunner runner: RunnerID, except kept: Set<LeaseKey> = [], because loss: LeaseLoss, now: Timestamp
    ) async throws -> [LeaseKey] {
        let held = try await database.read { connection in
            try connection.rows(
                """
                SELECT \(StoredAttempt.columns) FROM attempt
                WHERE state IN ('claimed', 'running') AND runner_id = $1 ORDER BY id
                """, runner
            ).map { try StoredAttempt(row: $0).key }
        }
        return await lose(held.filter { !kept.contains($0) }, because: loss, now: now)
    }

    /// Takes attempts from their runners, each in a transaction of its own, so that one that cannot be read does not keep
    /// the others. Overdue ones that have been heard of since they were looked at are left alone.
    func lose(_ keys: [LeaseKey], because loss: LeaseLoss, now: Timestamp) async -> [LeaseKey] {
        var lost: [LeaseKey] = []
        for key in keys {
            do {
                if try await lose(key, because: loss, now: now) { lost.append(key) }
                logs.tell(key.attempt)
                await uploads.remove(key.attempt)
            } catch {
                settings.logger.error(
                    "a lost lease could not be taken back",
                    metadata: ["job.id": "\(key.job)", "attempt.id": "\(key.attempt)", "error": "\(error)"])
            }
        }
        return lost
    }

    private func lose(_ key: LeaseKey, because loss: LeaseLoss, now: Timestamp) async throws -> Bool {
        let settings = settings
        return try await changeJob(of: key, now: now) { connection, consequences in
            // Between the look and this transaction the runner may have been heard of.
            let attempt = try StoredAttempt.find(key, on: connection)
            if case .overdue(let moment) = loss, attempt.leaseUntil >= moment { return false }
            switch attempt.state {
            case .claimed:
                try Self.end(
                    attempt, as: .givenBack, summary: "never acknowledged", tariff: settings.tariff, on: connection,
                    now: now)
                try Self.returnToQueue(attempt, on: connection, settings: settings, &consequences, now: now)
            case .running:
                let failure = Failure(.lost, "\(attempt.runner): \(loss.words)")
                try Self.end(attempt, as: .lost, failure: failure, tariff: settings.tariff, on: connection, now: now)
                guard loss.isSpent else {
                    try Self.returnToQueue(attempt, on: connection, settings: settings, &consequences, now: now)
                    return true
                }
                var change = try PipelineChange(try Self.pipeline(of: key.job, on: connection), on: connection)
                let index = try change.index(of: key.job)
                let isStopping = change.jobs[index].cancelReason
                Self.end(
                    index, with: isStopping.map { .cancelled($0) } ?? .failed(failure), in: &change,
                    rest: loss.rest, now: now)
                try change.save(on: connection, settings: settings, &consequences, now: now)
            case .passed, .failed, .cancelled, .lost, .givenBack: return false
            }
            return true
        }
    }
}

/// Why a lease is taken from the runner that holds it.
enum LeaseLoss: Sendable {
    /// It had ended at that time, and was not renewed since.
    case overdue(at: Timestamp)
    /// The runner is known to be gone.
    case runnerEnded
    /// A person took the runner out of the pool.
    case runnerRemoved

    /// The reason in an attempt's failure.
    var words: String {
        switch self {
        case .overdue: "its runner was not heard of again"
        case .runnerEnded: "its runner ended"
        case .runnerRemoved: "its runner was removed from the pool"
        }
    }

    /// A runner that has just started again is as good as any, while one that fell silent may have taken its machine,
    /// network or engine with it.
    var rest: RetryRule.Rest {
        switch self {
        case .overdue: .backOff
        case .runnerEnded, .runnerRemoved: .none
        }
    }

    /// Whether the attempt counts against the retries: what a person does to a runner is nothing that went wrong.
    var isSpent: Bool {
        switch self {
        case .overdue, .runnerEnded: true
        case .runnerRemoved: false
        }
    }
}
