import PipelineModel

extension Store {
    /// Ends a job whose pipeline cannot be read, as a failure of Pawl's side, so that it neither runs nor blocks anything.
    ///
    /// The pipeline ends with it. What else of it runs may end its attempts; nothing follows from them.
    static func endUnreadable(
        _ job: JobID, because error: StoreError, on connection: any DatabaseConnection, settings: StoreSettings,
        _ consequences: inout Consequences, now: Timestamp
    ) throws {
        let failure = Failure(.system, error.message.cut(to: 1_000))
        let text = try jsonText(failure)
        try connection.execute(
            """
            UPDATE job SET state = 'failed', failure = $2, ready_at = NULL, cancel_reason = NULL, finished_at = $3
            WHERE id = $1
            """, job, text, now)
        try connection.execute(
            """
            UPDATE attempt SET state = 'failed', failure = $2, finished_at = $3, ended_at = $3
            WHERE job = $1 AND state IN ('claimed', 'running')
            """, job, text, now)
        // Another may wait for its end, where it was a deployment.
        consequences.readiesJobs = true
        let id = try pipeline(of: job, on: connection)
        try connection.execute(
            "UPDATE pipeline SET state = 'system', reason = $2, finished_at = $3 WHERE id = $1", id, failure.message,
            now)
        guard let row = try connection.row("SELECT \(StoredPipeline.columns) FROM pipeline WHERE id = $1", id)
        else { return }
        let pipeline = try StoredPipeline(row: row)
        let snapshot = PipelineSnapshot(
            state: .system, jobs: [JobSnapshot(name: "stored plan", state: .failed, failure: failure)])
        let statuses = StatusPlan(
            commit: pipeline.commit, ref: pipeline.ref, source: pipeline.source.rawValue, jobLimit: 0,
            pipelineURL: settings.pipelineURL(id)
        ).statuses(before: nil, after: snapshot)
        for status in statuses { try OwedMessage.owe(status, for: pipeline, on: connection, now: now) }
        consequences.owesMessages = true
    }
}
