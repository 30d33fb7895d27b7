import PipelineModel

extension Store {
    /// Refuses a call about an attempt that is not this runner's, or that does not show the attempt's token.
    /// - Throws: `StoreError.leaseLost`: whoever asks is told no more than that it has no such lease.
    public func checkHolder(_ key: LeaseKey, runner: RunnerID, tokenHash: [UInt8]) async throws {
        let row = try await database.read { connection in
            try connection.row(
                """
                SELECT id FROM attempt
                WHERE id = $1 AND job = $2 AND epoch = $3 AND runner_id = $4 AND token_hash = $5
                """, key.attempt, key.job, key.epoch, runner, tokenHash)
        }
        if row == nil { throw StoredAttempt.leaseLost(key) }
    }

    /// What a runner has in hand, the oldest first.
    public func liveAttempts(ofRunner runner: RunnerID) async throws -> [LiveAttempt] {
        try await database.read { try LiveAttempt.all(of: runner, on: $0) }
    }
}

/// An attempt that a runner has in hand.
public struct LiveAttempt: Hashable, Sendable {
    /// Its lease.
    public var key: LeaseKey
    /// The pipeline.
    public var pipeline: PipelineID
    /// Who caused the pipeline, as people call them.
    public var author: String?
    /// The job's name.
    public var job: String
    /// Since when the runner has it.
    public var since: Timestamp
    /// The GPUs that go with it.
    public var gpus: [GrantedGPU]

    static func all(of runner: RunnerID, on connection: any DatabaseConnection) throws -> [LiveAttempt] {
        try connection.rows(
            """
            SELECT 'attempt' AS row_table, attempt.id, attempt.job, attempt.epoch, attempt.claimed_at, attempt.gpus,
                job.name, job.pipeline, pipeline.author
            FROM attempt JOIN job ON job.id = attempt.job JOIN pipeline ON pipeline.id = job.pipeline
            WHERE attempt.runner_id = $1 AND attempt.state IN ('claimed', 'running') ORDER BY attempt.id
            """, runner
        ).map { row in
            LiveAttempt(
                key: LeaseKey(job: try row.id("job"), attempt: try row.id("id"), epoch: try row.integer("epoch")),
                pipeline: try row.id("pipeline"), author: try row.optionalText("author"), job: try row.text("name"),
                since: try row.time("claimed_at"), gpus: try row.json("gpus"))
        }
    }
}
