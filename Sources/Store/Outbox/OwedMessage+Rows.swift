import PipelineModel

extension OwedMessage {
    static let columns = """
        'message' AS row_table, outbox.id, outbox.pipeline, outbox.status, outbox.state, outbox.tries,
        outbox.next_try_at, outbox.last_error, outbox.refused_since, outbox.created_at, outbox.finished_at,
        repository.forge, repository.remote_id, repository.name, repository.clone_url, repository.default_branch,
        (SELECT told.status_group FROM outbox AS told
            WHERE told.repository = outbox.repository AND told.commit_sha = outbox.commit_sha
                AND told.ref = outbox.ref AND told.status_group IS NOT NULL
            ORDER BY told.id DESC LIMIT 1) AS status_group
        """

    /// Holds of a message that nothing newer is there for its commit, ref and context.
    static let isNewest = """
        NOT EXISTS (SELECT 1 FROM outbox AS newer
            WHERE newer.id > outbox.id AND newer.repository = outbox.repository
                AND newer.commit_sha = outbox.commit_sha AND newer.context = outbox.context
                AND newer.ref = outbox.ref)
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        pipeline = try row.id("pipeline")
        repository = try RepositoryReference(row: row)
        status = try row.json("status")
        state = try row.word("state")
        tries = try row.int("tries")
        nextTryAt = try row.time("next_try_at")
        lastError = try row.optionalText("last_error")
        refusedSince = try row.optionalTime("refused_since")
        statusGroup = try row.optionalInteger("status_group")
        createdAt = try row.time("created_at")
        finishedAt = try row.optionalTime("finished_at")
    }

    /// Owes a forge a status. Older ones for the same commit, ref and context that have not been sent become needless,
    /// except a pending one before an end where the forge knows nothing of the context yet: it has to know of all jobs
    /// before it hears that one of them passed. The ref counts because GitLab keeps a commit's statuses apart by it.
    static func owe(
        _ status: CommitStatus, for pipeline: StoredPipeline, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try connection.execute(
            """
            UPDATE outbox SET state = 'superseded', finished_at = $5
            WHERE repository = $1 AND commit_sha = $2 AND context = $3 AND ref = $4 AND state = 'owed'
                AND (is_pending = 0 OR $6 = 1 OR EXISTS (
                    SELECT 1 FROM outbox AS told
                    WHERE told.pipeline = $7 AND told.context = $3 AND told.state = 'sent'))
            """, pipeline.repository, status.commit, status.context, status.ref, now, status.state == .pending,
            pipeline.id)
        try connection.execute(
            """
            INSERT INTO outbox (
                pipeline, repository, commit_sha, ref, context, is_pending, status, state, tries, next_try_at,
                created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 'owed', 0, $8, $8)
            """,
            pipeline.id, pipeline.repository, status.commit, status.ref, status.context, status.state == .pending,
            try jsonText(status), now)
    }
}
