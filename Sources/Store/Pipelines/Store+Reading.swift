import PipelineModel

extension Store {
    /// Pipelines, the newest first; of one repository where it is named.
    public func pipelines(
        of repository: RepositoryID? = nil, before: PipelineID? = nil, limit: Int = 50
    ) async throws -> [StoredPipeline] {
        let before = before ?? PipelineID(rawValue: .max)
        return try await database.read { connection in
            guard let repository else {
                return try connection.rows(
                    "SELECT \(StoredPipeline.columns) FROM pipeline WHERE id < $1 ORDER BY id DESC LIMIT $2",
                    before, limit
                ).map(StoredPipeline.init(row:))
            }
            return try connection.rows(
                """
                SELECT \(StoredPipeline.columns) FROM pipeline WHERE repository = $1 AND id < $2
                ORDER BY id DESC LIMIT $3
                """, repository, before, limit
            ).map(StoredPipeline.init(row:))
        }
    }

    /// A pipeline with its plan, diagnostics, jobs and attempts, all of one moment; nil where there is none.
    /// - Throws: `StoreError.corrupt` where its plan cannot be read.
    public func pipeline(_ id: PipelineID) async throws -> PipelineDetail? {
        try await database.read { connection in
            let row = try connection.row(
                "SELECT \(StoredPipeline.columns), plan, diagnostics, variables FROM pipeline WHERE id = $1", id)
            guard let row else { return nil }
            let pipeline = try StoredPipeline(row: row)
            return PipelineDetail(
                pipeline: pipeline, repository: try StoredRepository.find(pipeline.repository, on: connection),
                plan: try row.optionalJSON("plan"), diagnostics: try row.json("diagnostics"),
                variables: try row.json("variables"), jobs: try Self.jobs(of: id, on: connection),
                verdicts: try Self.verdicts(of: id, on: connection),
                override: try GateOverride.current(of: id, on: connection),
                answers: try CommentAnswer.newest(of: id, on: connection))
        }
    }

    /// The newest pipeline for a commit, named in full or by at least its first seven digits; nil where there is none.
    public func newestPipeline(forCommit commit: String, of repository: RepositoryID? = nil) async throws -> PipelineID?
    {
        guard commit.utf8.count >= 7, commit.utf8.allSatisfy({ $0.isHexDigit }) else { return nil }
        return try await database.read { connection in
            try connection.row(
                """
                SELECT id FROM pipeline
                WHERE commit_sha >= $1 AND commit_sha < $2 AND ($3 IS NULL OR repository = $3)
                ORDER BY id DESC LIMIT 1
                """, commit, commit + "g", repository)?.id("id")
        }
    }

    /// A job with its attempts; nil where there is none.
    public func job(_ id: JobID) async throws -> StoredJob? {
        try await database.read { connection in
            try connection.row("SELECT \(StoredJob.columns) FROM job WHERE id = $1", id)
                .map { try Self.job(in: $0, attempts: Self.attempts(ofJob: id, on: connection), on: connection) }
        }
    }

    /// The job of that name in a pipeline, with its attempts; nil where there is none.
    public func job(named name: String, of pipeline: PipelineID) async throws -> StoredJob? {
        try await database.read { connection in
            guard
                let row = try connection.row(
                    "SELECT \(StoredJob.columns) FROM job WHERE pipeline = $1 AND name = $2", pipeline, name)
            else { return nil }
            return try Self.job(
                in: row, attempts: Self.attempts(ofJob: try row.id("id"), on: connection), on: connection)
        }
    }

    /// How many jobs are handed out before this one, among those that any runner could take; nil where it is not ready.
    public func queuePosition(of id: JobID) async throws -> Int? {
        try await database.read { connection in
            let row = try connection.row(
                "SELECT priority, ready_at FROM job WHERE id = $1 AND state = 'ready'", id)
            guard let row else { return nil }
            return try connection.row(
                """
                SELECT count(*) AS ahead FROM job
                WHERE state = 'ready' AND (priority < $1 OR priority = $1
                    AND (ready_at < $2 OR ready_at = $2 AND id < $3))
                """, try row.integer("priority"), try row.integer("ready_at"), id)?.int("ahead")
        }
    }

    /// What is in the queue and in hand, for `doctor` and metrics.
    public func queueCounts() async throws -> (ready: Int, running: Int) {
        try await database.read { connection in
            let row = try connection.row(
                """
                SELECT (SELECT count(*) FROM job WHERE state = 'ready') AS ready,
                    (SELECT count(*) FROM attempt WHERE state IN ('claimed', 'running')) AS running
                """)
            return (try row?.int("ready") ?? 0, try row?.int("running") ?? 0)
        }
    }

    private static func jobs(of pipeline: PipelineID, on connection: any DatabaseConnection) throws -> [StoredJob] {
        let attempts = try attempts(
            connection.rows(
                """
                SELECT \(StoredAttempt.columns) FROM attempt
                WHERE job IN (SELECT id FROM job WHERE pipeline = $1) ORDER BY id
                """, pipeline), on: connection)
        let byJob = Dictionary(grouping: attempts, by: \.job)
        return try connection.rows(
            "SELECT \(StoredJob.columns) FROM job WHERE pipeline = $1 ORDER BY position", pipeline
        ).map { row in try job(in: row, attempts: byJob[try row.id("id")] ?? [], on: connection) }
    }

    private static func job(
        in row: SQLRow, attempts: [StoredAttempt], on connection: any DatabaseConnection
    ) throws -> StoredJob {
        var job = try StoredJob(row: row, attempts: attempts)
        if try row.optionalInteger("proved_by") != nil { job.provedBy = try .of(job.id, on: connection) }
        return job
    }

    private static func attempts(ofJob job: JobID, on connection: any DatabaseConnection) throws -> [StoredAttempt] {
        try attempts(
            connection.rows("SELECT \(StoredAttempt.columns) FROM attempt WHERE job = $1 ORDER BY id", job),
            on: connection)
    }

    private static func attempts(_ rows: [SQLRow], on connection: any DatabaseConnection) throws -> [StoredAttempt] {
        try rows.map { row in
            var attempt = try StoredAttempt(row: row)
            attempt.artifacts = try connection.rows(
                """
                SELECT \(ArtifactReference.columns) FROM artifact WHERE attempt = $1 AND removed_at IS NULL ORDER BY id
                """, attempt.id
            ).map(ArtifactReference.init(row:))
            return attempt
        }
    }
}

extension StoredJob {
    static let columns = """
        'job' AS row_table, id, pipeline, name, stage, environment, state, failure, because, summary, is_played,
        cancel_reason, ready_at, started_at, finished_at, proved_by,
        (SELECT other.id FROM job AS other
            WHERE job.state = 'ready' AND other.id = job.waits_for AND other.state IN ('running', 'judging')) AS waits_for
        """

    init(row: SQLRow, attempts: [StoredAttempt]) throws {
        id = try row.id("id")
        pipeline = try row.id("pipeline")
        name = try row.text("name")
        stage = try row.text("stage")
        state = try row.word("state")
        failure = try row.optionalJSON("failure")
        because = try row.optionalText("because")
        summary = try row.optionalText("summary")
        isPlayed = try row.bool("is_played")
        cancelReason = try row.optionalText("cancel_reason")
        environment = try row.optionalText("environment")
        readyAt = state == .ready ? try row.optionalTime("ready_at") : nil
        waitsFor = try row.optionalID("waits_for")
        startedAt = try row.optionalTime("started_at")
        finishedAt = try row.optionalTime("finished_at")
        self.attempts = attempts
    }
}

extension UInt8 {
    /// Whether it is one of the digits that commits and digests are written in.
    var isHexDigit: Bool { (48...57).contains(self) || (97...102).contains(self) }
}
