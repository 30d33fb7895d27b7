import PipelineModel

/// Finds results of the target branch that a change may be compared with: of commits before it, whose jobs all passed, gate
/// and all.
struct AcceptedFinder {
    private let node: String
    private let pipeline: StoredPipeline
    private let ground: GateGround
    private let connection: any DatabaseConnection
    /// How far each commit lies before the change.
    private let distances: [String: Int]
    /// Pipelines with accepted results, the nearest commit first and of one commit the oldest pipeline.
    private let found: [(pipeline: PipelineID, commit: String, distance: Int)]

    /// How many pipelines of the branch are looked at.
    private static let limit = 500
    /// How many results of the branch tell how far seeds spread.
    private static let historyLimit = 20

    /// Whether a pipeline has reports of a node whose jobs are all accepted.
    private static func isAccepted(_ node: String) -> String {
        """
        EXISTS (
            SELECT 1 FROM job JOIN attempt_report ON attempt_report.attempt = coalesce(job.proved_by, job.attempt)
            WHERE job.pipeline = pipeline.id AND job.node = \(node))
        AND NOT EXISTS (
            SELECT 1 FROM job
            WHERE job.pipeline = pipeline.id AND job.node = \(node) AND job.state NOT IN ('passed', 'proved'))
        """
    }

    init(
        node: String, pipeline: StoredPipeline, ground: GateGround, connection: any DatabaseConnection
    ) throws {
        self.node = node
        self.pipeline = pipeline
        self.ground = ground
        self.connection = connection
        let distances = Dictionary(
            ground.ancestors.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        self.distances = distances
        let rows = try connection.rows(
            """
            SELECT 'pipeline' AS row_table, id, commit_sha FROM pipeline
            WHERE repository = $1 AND ref = $2 AND id <> $3
                AND \(Self.isAccepted("$4"))
            ORDER BY id DESC LIMIT \(Self.limit)
            """, pipeline.repository, "refs/heads/\(ground.target)", pipeline.id, node)
        found = try rows.compactMap { row in
            let commit = try row.text("commit_sha")
            return try distances[commit].map { (try row.id("id"), commit, $0) }
        }.sorted { ($0.distance, $0.pipeline.rawValue) < ($1.distance, $1.pipeline.rawValue) }
    }

    /// The results of the nearest commit before the change; nil where there are none.
    func nearest() throws -> AcceptedResults? { try found.first.flatMap { try results(of: $0, named: ground.target) } }

    /// The results of a model version: those of its tag's commit, from the target branch or from the tag's own pipeline; nil
    /// where there are none.
    func version(_ tag: String) throws -> AcceptedResults? {
        let rows = try connection.rows(
            """
            SELECT 'pipeline' AS row_table, id, commit_sha FROM pipeline
            WHERE repository = $1 AND id <> $2
                AND commit_sha = (
                    SELECT commit_sha FROM pipeline WHERE repository = $1 AND ref = $3 ORDER BY id DESC LIMIT 1)
                AND ref IN ($3, $4) AND \(Self.isAccepted("$5"))
            ORDER BY id LIMIT 1
            """, pipeline.repository, pipeline.id, "refs/tags/\(tag)", "refs/heads/\(ground.target)", node)
        guard let row = rows.first else { return nil }
        return try results(of: (try row.id("id"), try row.text("commit_sha"), 0), named: tag)
    }

    /// The results that the last release was made of: those of the newest tag before the change that Pawl was told of, or
    /// of the nearest commit before that.
    func release() throws -> AcceptedResults? {
        let rows = try connection.rows(
            """
            SELECT 'pipeline' AS row_table, id, ref, commit_sha FROM pipeline
            WHERE repository = $1 AND source = 'tag' ORDER BY id DESC LIMIT \(Self.limit)
            """, pipeline.repository)
        let tags = try rows.compactMap { row -> (name: String, distance: Int)? in
            let name = try row.text("ref").split(separator: "/").dropFirst(2).joined(separator: "/")
            return try distances[row.text("commit_sha")].map { (name, $0) }
        }
        guard let newest = tags.min(by: { $0.distance < $1.distance }),
            let first = found.first(where: { $0.distance >= newest.distance })
        else { return nil }
        return try results(of: first, named: newest.name)
    }

    /// The newest results since a pipeline, that one among them.
    func since(_ first: PipelineID) throws -> [AcceptedResults] {
        try found.filter { $0.pipeline.rawValue > first.rawValue }.prefix(Self.historyLimit)
            .compactMap { try results(of: $0, named: ground.target) }
    }

    private func results(
        of accepted: (pipeline: PipelineID, commit: String, distance: Int), named name: String
    ) throws -> AcceptedResults? {
        let counted = try Store.countedBefore(in: accepted.pipeline, node, on: connection)
        let rows = try connection.rows(
            "SELECT 'job' AS row_table, id, seed, coalesce(proved_by, attempt) AS attempt FROM job "
                + "WHERE pipeline = $1 AND node = $2 ORDER BY position",
            accepted.pipeline, node)
        var reports: [Int: MetricReport] = [:]
        for row in rows {
            let seed = try row.optionalInteger("seed").flatMap(Int.init(exactly:)) ?? 1
            guard let attempt = try counted[seed] ?? row.optionalID("attempt") else { continue }
            if let report = try Store.report(of: attempt, examples: true, on: connection) { reports[seed] = report }
        }
        guard !reports.isEmpty else { return nil }
        let reference = BaselineReference(name: name, commit: accepted.commit, pipeline: accepted.pipeline)
        return AcceptedResults(reference, reports: reports)
    }
}
