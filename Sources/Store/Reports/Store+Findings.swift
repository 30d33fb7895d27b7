import PipelineModel

extension Store {
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
