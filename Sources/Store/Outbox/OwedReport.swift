import PipelineModel

/// A report that a forge is owed on a pull request: the newest state of it, whatever there was between.
public struct OwedReport: Hashable, Sendable {
    /// The repository.
    public var repository: RepositoryReference
    /// Pawl's number for it.
    public var repositoryID: RepositoryID
    /// The pull request.
    public var pullRequest: Int64
    /// The newest pipeline of the pull request.
    public var pipeline: PipelineID
    /// A text that is in the comment and in no other.
    public var mark: String
    /// The forge's number for the comment; nil where it is not known.
    public var comment: Int64?
    /// Which state it is of.
    public var revision: Int64
    /// How often this was tried.
    public var tries: Int

    /// How long a report is held back while its pipeline runs, so that many changes are one.
    private static let gathering = Duration.seconds(5)

    static let columns = """
        'report' AS row_table, pull_request AS id, pull_request_report.repository AS repository_id, pull_request,
        pipeline, mark, comment, revision, tries, repository.forge, repository.remote_id, repository.name,
        repository.clone_url, repository.default_branch
        """

    init(row: SQLRow) throws {
        repository = try RepositoryReference(row: row)
        repositoryID = try row.id("repository_id")
        pullRequest = try row.integer("pull_request")
        pipeline = try row.id("pipeline")
        mark = try row.text("mark")
        comment = try row.optionalInteger("comment")
        revision = try row.integer("revision")
        tries = try row.int("tries")
    }

    /// Owes the report of a pipeline's pull request, unless a newer pipeline has it.
    static func owe(for pipeline: StoredPipeline, on connection: any DatabaseConnection, now: Timestamp) throws {
        guard let number = pipeline.pullRequest else { return }
        let due = pipeline.state == .running ? now + gathering : now
        // The mark is not to be guessed: nobody else is to write a comment that is taken for ours.
        let mark = "pawl:report:\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try connection.execute(
            """
            INSERT INTO pull_request_report (repository, pull_request, pipeline, mark, revision, next_try_at)
            VALUES ($1, $2, $3, $4, 1, $5)
            ON CONFLICT (repository, pull_request) DO UPDATE
            SET pipeline = excluded.pipeline, revision = revision + 1, tries = 0,
                next_try_at = CASE
                    WHEN sent < revision AND next_try_at < excluded.next_try_at THEN next_try_at
                    ELSE excluded.next_try_at END
            WHERE pull_request_report.pipeline <= excluded.pipeline
            """, pipeline.repository, number, pipeline.id, mark, due)
    }
}

extension Store {
    /// Reports to send now to a forge, those first that have waited longest.
    public func dueReports(to forge: String, limit: Int = 20, now: Timestamp) async throws -> [OwedReport] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(OwedReport.columns) FROM pull_request_report
                JOIN repository ON repository.id = pull_request_report.repository
                WHERE sent < revision AND next_try_at <= $1 AND repository.forge = $2
                ORDER BY next_try_at LIMIT $3
                """, now, forge, limit
            ).map(OwedReport.init(row:))
        }
    }

    /// When the next report is due to a forge; nil where none is owed.
    public func nextReportAt(to forge: String) async throws -> Timestamp? {
        try await database.read { connection in
            try connection.row(
                """
                SELECT 'report' AS row_table, 0 AS id, min(next_try_at) AS at FROM pull_request_report
                JOIN repository ON repository.id = pull_request_report.repository
                WHERE sent < revision AND repository.forge = $1
                """, forge)?.optionalTime("at")
        }
    }

    /// Says that the forge has a report, under that number.
    public func markSent(_ report: OwedReport, as comment: Int64) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE pull_request_report SET sent = max(sent, $3), comment = $4, tries = 0, last_error = NULL
                WHERE repository = $1 AND pull_request = $2
                """, report.repositoryID, report.pullRequest, report.revision, comment)
        }
    }

    /// Says that a report could not be sent.
    /// - Parameter next: when it is tried again; nil where only another state of it is.
    public func markFailed(_ report: OwedReport, error: String, next: Timestamp?) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE pull_request_report
                SET tries = tries + 1, last_error = $3, next_try_at = coalesce($4, next_try_at),
                    sent = CASE WHEN $5 = 1 THEN max(sent, $6) ELSE sent END
                WHERE repository = $1 AND pull_request = $2
                """, report.repositoryID, report.pullRequest, error, next, next == nil, report.revision)
        }
    }

    /// What the newest attempts of a pipeline reported, with their curves, by node and seed.
    public func reports(of pipeline: PipelineID) async throws -> [String: [Int: MetricReport]] {
        try await database.read { connection in
            let rows = try connection.rows(
                """
                SELECT 'job' AS row_table, id, node, seed, coalesce(proved_by, attempt) AS attempt FROM job
                WHERE pipeline = $1 AND coalesce(proved_by, attempt) IS NOT NULL ORDER BY position
                """, pipeline)
            var reports: [String: [Int: MetricReport]] = [:]
            for row in rows {
                guard let attempt: AttemptID = try row.optionalID("attempt"),
                    let report = try Self.report(of: attempt, curves: true, on: connection)
                else { continue }
                let seed = try row.optionalInteger("seed").flatMap(Int.init(exactly:)) ?? 1
                reports[try row.text("node"), default: [:]][seed] = report
            }
            return reports
        }
    }
}
