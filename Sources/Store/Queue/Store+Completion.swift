import PipelineModel

extension Store {
    /// Ends an attempt with the result its runner reports, and does all that follows from it in the same transaction:
    /// another attempt where the plan or the failure asks for one, else the job's end, dependants, the pipeline, the
    /// environment and the owed statuses. May be repeated: a result that is there already changes nothing.
    /// - Throws: `StoreError.leaseLost` where the attempt was taken from its runner; `refused` where it never started.
    public func complete(_ key: LeaseKey, with result: AttemptResult, now: Timestamp) async throws {
        let settings = settings
        let logSize = try await logSize(of: key)
        try await changeJob(of: key, now: now) { connection, consequences in
            let attempt = try StoredAttempt.find(key, on: connection)
            switch attempt.state {
            case .running: break
            case .passed, .failed: return
            case .cancelled where attempt.acknowledgedAt != nil: return
            case .cancelled, .lost, .givenBack: throw StoredAttempt.leaseLost(key)
            case .claimed:
                throw StoreError(
                    .refused, message: "Attempt \(key.attempt) was never acknowledged. Acknowledge it, or give it back."
                )
            }
            var change = try PipelineChange(try Self.pipeline(of: key.job, on: connection), on: connection)
            let index = try change.index(of: key.job)
            let ending = Ending(of: change.jobs[index], result: result)
            try Self.write(result.bounded, as: ending.state, of: key, logSize: logSize, on: connection, now: now)
            let wanted = Set(change.plan.jobs[index].ml?.gate.map(\.metric) ?? [])
            try Self.keep(result.report, of: key.attempt, wanted: wanted, on: connection)
            try Self.account(
                for: attempt, reported: result.usage, logSize: logSize, tariff: settings.tariff, on: connection,
                now: now)
            try StoredGPU.setAside(result.failedGPUs ?? [], of: key, on: connection, now: now)
            change.update(index) { $0.summary = result.bounded.summary }
            Self.end(index, with: ending, in: &change, now: now)
            try Self.noteProof(
                of: attempt, result.bounded, ending: ending, job: index, in: change, on: connection, now: now)
            if change.jobs[index].state == .passed {
                try Self.noteDeployment(key.job, in: change, on: connection, now: now)
            }
            try change.save(on: connection, settings: settings, &consequences, now: now)
        }
        settings.faults.reach(.resultRecorded)
        logs.tell(key.attempt)
        await uploads.remove(key.attempt)
    }

    /// How an attempt ends, once it is known whether somebody stopped it.
    enum Ending: Equatable {
        case passed
        case failed(Failure)
        case cancelled(String)

        init(of job: JobRow, result: AttemptResult) {
            if let reason = job.cancelReason {
                self = .cancelled(reason)
            } else if let failure = result.bounded.failure {
                self = failure.class == .cancelled ? .cancelled(failure.message) : .failed(failure)
            } else {
                self = .passed
            }
        }

        var state: AttemptState {
            switch self {
            case .passed: .passed
            case .failed: .failed
            case .cancelled: .cancelled
            }
        }
    }

    /// Moves a job on whose attempt has ended: to another attempt, or to its end.
    static func end(
        _ index: Int, with ending: Ending, in change: inout PipelineChange, rest: RetryRule.Rest = .backOff,
        now: Timestamp
    ) {
        let planned = change.plan.jobs[index]
        change.update(index) { job in
            switch ending {
            case .passed where planned.isGated: job.awaitVerdict(now: now)
            case .passed: job.end(as: .passed, now: now)
            case .cancelled(let reason):
                job.end(as: .cancelled, failure: Failure(.cancelled, reason), now: now)
            case .failed(let failure):
                let spent = job.spend(on: failure)
                if let wait = RetryRule(planned.retry).wait(after: failure, spent: spent, rest: rest) {
                    job.makeReady(at: now + wait)
                    job.summary = nil
                } else {
                    let isAllowed = planned.allowFailure.covers(failure)
                    job.end(as: isAllowed ? .failedAllowed : .failed, failure: failure, now: now)
                }
            }
        }
    }

    private static func write(
        _ result: AttemptResult, as state: AttemptState, of key: LeaseKey, logSize: Int64,
        on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try connection.execute(
            """
            UPDATE attempt
            SET state = $2, failure = $3, exit_code = $4, summary = $5, started_at = $6, finished_at = $7,
                ended_at = $8, image_digest = $9, log_size = $10, findings = $11, dotenv = $12
            WHERE id = $1
            """,
            key.attempt, state, try result.failure.map { try jsonText($0) }, result.exitCode, result.summary,
            result.startedAt, result.finishedAt, now, result.imageDigest, logSize,
            try result.findings.map { try jsonText($0) }, try result.dotenv.map { try jsonText($0) })
    }

    /// Writes down what an environment has now, unless it has something newer.
    static func noteDeployment(
        _ job: JobID, in change: PipelineChange, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try connection.execute(
            """
            INSERT INTO environment (repository, name, pipeline, job, deployed_at)
            SELECT $1, environment, pipeline, id, $3 FROM job
            WHERE id = $2 AND is_deployment = 1 AND environment IS NOT NULL
            ON CONFLICT (repository, name) DO UPDATE
            SET pipeline = excluded.pipeline, job = excluded.job, deployed_at = excluded.deployed_at
            WHERE NOT EXISTS (
                SELECT 1 FROM pipeline AS mine, pipeline AS deployed
                WHERE mine.id = excluded.pipeline AND deployed.id = environment.pipeline
                    AND (deployed.event_order, deployed.id) > (mine.event_order, mine.id))
            """, change.pipeline.repository, job, now)
    }
}

extension AttemptResult {
    /// The result with texts no longer than they are shown: a runner is believed, not trusted with the disk.
    var bounded: AttemptResult {
        var bounded = self
        bounded.summary = summary?.cut(to: 120)
        bounded.imageDigest = imageDigest?.cut(to: 300)
        bounded.findings = findings?.bounded
        bounded.inputs = inputs?.cut(to: 64)
        bounded.dotenv = dotenv.map { variables in
            variables.prefix(Self.dotenvLimit).filter { Variable.isName($0.name) && $0.value.utf8.count <= 64 << 10 }
        }
        bounded.failure?.message = failure?.message.cut(to: 1_000) ?? ""
        return bounded
    }
}
