import PipelineModel

extension Store {
    /// The end of a log in hand and the pattern that its job looks for there; nil where the job has none, or the lease has
    /// ended.
    /// - Parameter limit: how many bytes of the end are wanted at most.
    public func logEnd(
        of key: LeaseKey, limit: Int = 1 << 20
    ) async throws -> (bytes: [UInt8], coveragePattern: String)? {
        let row = try await database.read { connection in
            try connection.row(
                """
                SELECT 'job' AS row_table, job.id, job.name, job.pipeline, pipeline.plan
                FROM attempt JOIN job ON job.id = attempt.job JOIN pipeline ON pipeline.id = job.pipeline
                WHERE attempt.id = $1 AND attempt.job = $2 AND attempt.epoch = $3 AND attempt.state = 'running'
                    AND pipeline.plan LIKE '%"coveragePattern"%'
                """, key.attempt, key.job, key.epoch)
        }
        guard let row, let plan = try row.optionalJSON("plan", Plan.self),
            let pattern = plan.job(named: try row.text("name"))?.coveragePattern
        else { return nil }
        let pipeline: PipelineID = try row.id("pipeline")
        let size = try await logs.size(attempt: key.attempt, of: pipeline)
        let bytes = try await logs.read(
            from: max(0, size - Int64(limit)), limit: limit, attempt: key.attempt, of: pipeline)
        return (bytes, pattern)
    }
}
