import PipelineModel

extension Store {
    /// Hands out the next job that is ready and whose tags the runner all has; nil when there is none.
    ///
    /// Those that a person waits for come first, then those that have waited longest. The hand-out is a lease: it ends
    /// at `now + leaseFor` unless renewed, and nothing may start before it is acknowledged. A job that would deploy
    /// something older than what its environment has is failed instead of handed out, and one whose environment another
    /// deploys to waits for that one's end. However many claim at once, a job goes to one.
    public func claim(_ request: ClaimRequest, leaseFor: Duration, now: Timestamp) async throws -> Claim? {
        let settings = settings
        let tags = try jsonText(request.tags)
        let claim = try await change { connection, consequences -> Claim? in
            while let job = try Self.takeNext(tags: tags, on: connection, now: now) {
                if let environment = job.deploysTo {
                    if let newer = try Self.newerDeployment(in: environment, than: job.pipeline, on: connection) {
                        try Self.refuseOutdated(
                            job, newer: newer, on: connection, settings: settings, &consequences, now: now)
                        continue
                    }
                    if let other = try Self.takeTurn(job.id, of: job.pipeline, in: environment, on: connection) {
                        try Self.putBack(job.id, until: other, on: connection)
                        continue
                    }
                }
                return try Self.lease(job, to: request.runner, for: leaseFor, on: connection, now: now)
            }
            consequences.changesPipelines = consequences.owesMessages
            return nil
        }
        if claim != nil { settings.faults.reach(.claimed) }
        return claim
    }

    /// When the next job that is ready may be handed out, after a moment where one is given, so that jobs that are ready
    /// for other runners only are left aside; nil when none waits.
    public func nextReadyAt(after moment: Timestamp? = nil) async throws -> Timestamp? {
        let moment = moment ?? Timestamp(milliseconds: .min)
        return try await database.read { connection in
            try connection.row("SELECT min(ready_at) AS at FROM job WHERE state = 'ready' AND ready_at > $1", moment)?
                .optionalTime("at")
        }
    }

    /// A job that this transaction has taken out of the queue.
    private struct TakenJob {
        var id: JobID
        var pipeline: PipelineID
        var name: String
        var deploysTo: String?
        var epoch: Int64
        var number: Int
    }

    /// No job is made to wait longer than this: what seems to be was put there before the clock was set back.
    private static let longestWait = Duration.minutes(2)

    /// Takes the next job, in one statement: the first of each set of tags that the runner covers, and of those the first.
    private static func takeNext(
        tags: String, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> TakenJob? {
        let row = try connection.row(takingNext(in: connection.dialect), tags, now, now + longestWait)
        guard let row else { return nil }
        return TakenJob(
            id: try row.id("id"), pipeline: try row.id("pipeline"), name: try row.text("name"),
            deploysTo: try row.bool("is_deployment") ? try row.optionalText("environment") : nil,
            epoch: try row.integer("lease_epoch"), number: try row.int("attempts"))
    }

    /// The statement that takes the next job for a runner with the tags `$1` at `$2`.
    static func takingNext(in dialect: SQLDialect) -> String {
        """
        UPDATE job
        SET state = 'running', lease_epoch = lease_epoch + 1, attempts = attempts + 1
        WHERE state = 'ready' AND id = (
            SELECT next.id FROM tag_set JOIN job AS next ON next.id = (
                SELECT job.id FROM job
                WHERE job.state = 'ready' AND job.tag_set = tag_set.id
                    AND (job.ready_at <= $2 OR job.ready_at > $3)
                    AND (job.waits_for IS NULL OR NOT EXISTS (
                        SELECT 1 FROM job AS other
                        WHERE other.id = job.waits_for AND other.state IN ('running', 'judging')))
                ORDER BY job.priority, job.ready_at, job.id LIMIT 1)
            WHERE NOT EXISTS (
                SELECT 1 FROM tag_set_tag
                WHERE tag_set_tag.tag_set = tag_set.id
                    AND tag_set_tag.tag NOT IN \(dialect.textsOfJSON("$1")))
            ORDER BY next.priority, next.ready_at, next.id LIMIT 1)
        RETURNING id, pipeline, name, environment, is_deployment, lease_epoch, attempts
        """
    }

    private static func lease(
        _ job: TakenJob, to runner: String, for duration: Duration, on connection: any DatabaseConnection,
        now: Timestamp
    ) throws -> Claim {
        let id = try connection.insert(
            """
            INSERT INTO attempt (job, number, epoch, runner, state, lease_until, claimed_at)
            VALUES ($1, $2, $3, $4, 'claimed', $5, $6) RETURNING id
            """, job.id, job.number, job.epoch, runner, now + duration, now)
        let attempt = AttemptID(rawValue: id)
        try connection.execute("UPDATE job SET attempt = $2 WHERE id = $1", job.id, attempt)
        return Claim(
            key: LeaseKey(job: job.id, attempt: attempt, epoch: job.epoch), pipeline: job.pipeline, jobName: job.name,
            leaseFor: duration)
    }

    private static func refuseOutdated(
        _ job: TakenJob, newer: PipelineID, on connection: any DatabaseConnection, settings: StoreSettings,
        _ consequences: inout Consequences, now: Timestamp
    ) throws {
        // It was never handed out, so there is no attempt to be counted.
        try connection.execute("UPDATE job SET attempts = attempts - 1 WHERE id = $1", job.id)
        let failure = Failure(.policy, "\(job.deploysTo ?? "it") runs #\(newer), newer than #\(job.pipeline)")
        do {
            var change = try PipelineChange(job.pipeline, on: connection)
            let index = try change.index(of: job.id)
            let isAllowed = change.plan.jobs[index].allowFailure.covers(failure)
            change.update(index) { $0.end(as: isAllowed ? .failedAllowed : .failed, failure: failure, now: now) }
            try change.save(on: connection, settings: settings, &consequences, now: now)
        } catch let error as StoreError where error.code == .corrupt {
            try endUnreadable(job.id, because: error, on: connection, settings: settings, &consequences, now: now)
        }
    }
}
