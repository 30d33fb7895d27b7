import PipelineModel

extension StoredPipeline {
    static let columns = """
        'pipeline' AS row_table, id, repository, source, ref, commit_sha, before_sha, fetch_url, pull_request, title,
        author, is_protected, is_fork, state, reason, approved_by, delivery, event_order, created_at,
        finished_at
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        repository = try row.id("repository")
        source = try row.word("source")
        ref = try row.text("ref")
        commit = try row.text("commit_sha")
        before = try row.optionalText("before_sha")
        fetchURL = try row.optionalText("fetch_url")
        pullRequest = try row.optionalInteger("pull_request")
        title = try row.optionalText("title")
        author = try row.optionalText("author")
        trust = PipelineTrust(isProtected: try row.bool("is_protected"), isFork: try row.bool("is_fork"))
        state = try row.word("state")
        reason = try row.optionalText("reason")
        approvedBy = try row.optionalText("approved_by")
        delivery = try row.optionalID("delivery")
        eventOrder = try row.integer("event_order")
        createdAt = try row.time("created_at")
        finishedAt = try row.optionalTime("finished_at")
    }

    /// Writes what may change after a pipeline was made.
    func save(on connection: any DatabaseConnection) throws {
        try connection.execute(
            "UPDATE pipeline SET state = $2, reason = $3, approved_by = $4, finished_at = $5 WHERE id = $1",
            id, state, reason, approvedBy, finishedAt)
    }
}
