import PipelineModel

/// A runner, and what it has in hand.
public struct PoolMember: Hashable, Sendable {
    /// The runner.
    public var runner: StoredRunner
    /// Its attempts, the oldest first.
    public var attempts: [LiveAttempt]

    /// The attempt that has a device; nil where none does.
    public func holder(of gpu: StoredGPU) -> LiveAttempt? {
        gpu.attempt.flatMap { id in attempts.first { $0.key.attempt == id } }
    }
}

/// A job that stands before another in the queue.
public struct QueuedJob: Hashable, Sendable {
    /// The pipeline.
    public var pipeline: PipelineID
    /// Its repository's name.
    public var repository: String
    /// The job's name.
    public var name: String
    /// Whether it goes first by its priority, and not by having waited longer.
    public var hasHigherPriority: Bool
    /// Since when it waits.
    public var since: Timestamp
}

extension Store {
    /// The runners in the pool, by name, each with what it has in hand, all of one moment.
    public func pool() async throws -> [PoolMember] {
        try await database.read { connection in
            try StoredRunner.all(on: connection).map { runner in
                PoolMember(runner: runner, attempts: try LiveAttempt.all(of: runner.id, on: connection))
            }
        }
    }

    /// The jobs that stand before one that is ready, in the order in which they are handed out, as far as any runner may
    /// take them; not more than that many.
    public func jobsBefore(_ id: JobID, limit: Int) async throws -> [QueuedJob] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT job.name, job.pipeline, job.ready_at, repository.name AS repository,
                    job.priority < mine.priority AS is_higher
                FROM job AS mine JOIN job ON job.state = 'ready' AND (job.priority < mine.priority
                        OR job.priority = mine.priority
                        AND (job.ready_at < mine.ready_at OR job.ready_at = mine.ready_at AND job.id < mine.id))
                    JOIN pipeline ON pipeline.id = job.pipeline JOIN repository ON repository.id = pipeline.repository
                WHERE mine.id = $1 AND mine.state = 'ready'
                ORDER BY job.priority, job.ready_at, job.id LIMIT $2
                """, id, limit
            ).map { row in
                QueuedJob(
                    pipeline: try row.id("pipeline"), repository: try row.text("repository"),
                    name: try row.text("name"), hasHigherPriority: try row.bool("is_higher"),
                    since: try row.time("ready_at"))
            }
        }
    }
}
