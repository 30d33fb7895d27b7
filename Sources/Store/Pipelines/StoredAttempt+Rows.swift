import PipelineModel

extension StoredAttempt {
    static let columns = """
        'attempt' AS row_table, id, job, number, epoch, runner, state, lease_until, claimed_at, acknowledged_at,
        started_at, finished_at, failure, exit_code, summary, image_digest, log_size, log_removed_at, runner_id, gpus,
        resumed_from, usage, findings
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        job = try row.id("job")
        number = try row.int("number")
        epoch = try row.integer("epoch")
        runner = try row.text("runner")
        state = try row.word("state")
        leaseUntil = try row.time("lease_until")
        claimedAt = try row.time("claimed_at")
        acknowledgedAt = try row.optionalTime("acknowledged_at")
        startedAt = try row.optionalTime("started_at")
        finishedAt = try row.optionalTime("finished_at")
        failure = try row.optionalJSON("failure")
        exitCode = try row.optionalInteger("exit_code").flatMap(Int.init(exactly:))
        summary = try row.optionalText("summary")
        imageDigest = try row.optionalText("image_digest")
        logSize = try row.optionalInteger("log_size").map(ByteCount.init(bytes:))
        logRemovedAt = try row.optionalTime("log_removed_at")
        runnerID = try row.optionalID("runner_id")
        gpus = try row.json("gpus")
        resumedFrom = try row.optionalInteger("resumed_from").flatMap(Int.init(exactly:))
        usage = try row.optionalJSON("usage")
        findings = try row.optionalJSON("findings")
        artifacts = []
    }

    /// The attempt that a lease names, whatever became of it.
    /// - Throws: `StoreError.leaseLost` where no such lease was ever given.
    static func find(_ key: LeaseKey, on connection: any DatabaseConnection) throws -> StoredAttempt {
        let row = try connection.row(
            "SELECT \(columns) FROM attempt WHERE id = $1 AND job = $2 AND epoch = $3", key.attempt, key.job, key.epoch)
        guard let row else { throw leaseLost(key) }
        return try StoredAttempt(row: row)
    }

    /// The attempt that a lease names, if its holder may still write.
    /// - Throws: `StoreError.leaseLost` where it may not.
    static func held(
        _ key: LeaseKey, in states: Set<AttemptState>, on connection: any DatabaseConnection
    ) throws -> StoredAttempt {
        let attempt = try find(key, on: connection)
        guard states.contains(attempt.state) else { throw leaseLost(key) }
        return attempt
    }

    /// What a late writer is told.
    static func leaseLost(_ key: LeaseKey) -> StoreError {
        StoreError(
            .leaseLost,
            message: "The lease of attempt \(key.attempt) at job \(key.job) has ended. "
                + "Destroy its containers and write nothing more.")
    }
}
