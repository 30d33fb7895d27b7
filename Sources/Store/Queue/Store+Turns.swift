import PipelineModel

extension Store {
    /// Gives a job its turns, which it has for as long as it runs: at the environment it deploys to, because two that run
    /// side by side could end in either order and the older one's would stay, and in its resource group.
    /// - Returns: the job whose turn it still is; nil where all are this one's now.
    static func takeTurns(of job: TakenJob, on connection: any DatabaseConnection) throws -> JobID? {
        let names = [job.deploysTo.map { "environment \($0)" }, job.resourceGroup.map { "group \($0)" }]
        for name in names {
            guard let name else { continue }
            if let other = try takeTurn(at: name, job.id, of: job.pipeline, on: connection) { return other }
        }
        return nil
    }

    private static func takeTurn(
        at name: String, _ job: JobID, of pipeline: PipelineID, on connection: any DatabaseConnection
    ) throws -> JobID? {
        let taken = try connection.execute(
            """
            INSERT INTO turn (repository, name, job)
            SELECT repository, $3, $1 FROM pipeline WHERE id = $2
            ON CONFLICT (repository, name) DO UPDATE SET job = excluded.job
            WHERE turn.job = excluded.job OR NOT EXISTS (
                SELECT 1 FROM job WHERE job.id = turn.job AND job.state IN ('running', 'judging'))
            """, job, pipeline, name)
        guard taken == 0 else { return nil }
        return try connection.row(
            """
            SELECT job FROM turn
            WHERE name = $2 AND repository = (SELECT repository FROM pipeline WHERE id = $1)
            """, pipeline, name)?.id("job")
    }

    /// Puts a job that was taken out of the queue back, in its place, until another has ended.
    static func putBack(_ job: JobID, until other: JobID, on connection: any DatabaseConnection) throws {
        try connection.execute(
            "UPDATE job SET state = 'ready', attempts = attempts - 1, waits_for = $2 WHERE id = $1", job, other)
    }
}
