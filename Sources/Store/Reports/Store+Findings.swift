import PipelineModel

extension Store {
    /// What the nodes of a pipeline found, of each job by its newest attempt.
    public func findings(of pipeline: PipelineID) async throws -> [String: Findings] {
        let rows = try await database.read { connection in
            try connection.rows(
                """
                SELECT 'job' AS row_table, job.id, job.node, attempt.findings
                FROM job JOIN attempt ON attempt.id = job.attempt
                WHERE job.pipeline = $1 ORDER BY job.position
                """, pipeline
            ).map { (node: try $0.text("node"), findings: try $0.optionalJSON("findings", Findings.self)) }
        }
        return Dictionary(grouping: rows, by: \.node).compactMapValues { Findings.ofNode($0.map(\.findings)) }
    }

    /// The newest pipeline of a branch that passed and is older than another: what a change is held against where no gate
    /// has chosen. Nil where there is none.
    public func newestPassed(onBranch branch: String, before pipeline: StoredPipeline) async throws -> PipelineID? {
        try await database.read { connection in
            try connection.row(
                """
                SELECT 'pipeline' AS row_table, id FROM pipeline
                WHERE repository = $1 AND ref = $2 AND pull_request IS NULL AND state = 'passed' AND id < $3
                ORDER BY id DESC LIMIT 1
                """, pipeline.repository, "refs/heads/\(branch)", pipeline.id)?.id("id")
        }
    }
}
