import PipelineModel

extension Store {
    /// The newer pipeline whose deployment an environment of the same repository has; nil where there is none.
    static func newerDeployment(
        in environment: String, than pipeline: PipelineID, on connection: any DatabaseConnection
    ) throws -> PipelineID? {
        try connection.row(
            """
            SELECT deployed.id FROM pipeline AS mine
            JOIN environment ON environment.repository = mine.repository
            JOIN pipeline AS deployed ON deployed.id = environment.pipeline
            WHERE mine.id = $1 AND environment.name = $2
                AND (deployed.event_order, deployed.id) > (mine.event_order, mine.id)
            """, pipeline, environment)?.id("id")
    }

    /// Gives a deployment its turn at its environment, which it has for as long as it runs. Two that run side by side
    /// could end in either order, and the older one's would stay.
    /// - Returns: the deployment whose turn it still is; nil where it is this one's now.
    static func takeTurn(
        _ job: JobID, of pipeline: PipelineID, in environment: String, on connection: any DatabaseConnection
    ) throws -> JobID? {
        let taken = try connection.execute(
            """
            INSERT INTO deployment_turn (repository, environment, job)
            SELECT repository, $3, $1 FROM pipeline WHERE id = $2
            ON CONFLICT (repository, environment) DO UPDATE SET job = excluded.job
            WHERE deployment_turn.job = excluded.job OR NOT EXISTS (
                SELECT 1 FROM job WHERE job.id = deployment_turn.job AND job.state IN ('running', 'judging'))
            """, job, pipeline, environment)
        guard taken == 0 else { return nil }
        return try connection.row(
            """
            SELECT job FROM deployment_turn
            WHERE environment = $2 AND repository = (SELECT repository FROM pipeline WHERE id = $1)
            """, pipeline, environment)?.id("job")
    }

    /// Puts a job that was taken out of the queue back, in its place, until a deployment to its environment has ended.
    static func putBack(_ job: JobID, until deployment: JobID, on connection: any DatabaseConnection) throws {
        try connection.execute(
            "UPDATE job SET state = 'ready', attempts = attempts - 1, waits_for = $2 WHERE id = $1", job, deployment)
    }
}

extension PipelineChange {
    /// Refuses a person's wish to deploy something older than what the environment has. A job that came to be outdated
    /// after it was queued fails instead, when it would be handed out.
    func refuseIfOutdated(_ index: Int, on connection: any DatabaseConnection) throws {
        guard deploys(index), let environment = jobs[index].environment,
            let newer = try Store.newerDeployment(in: environment, than: pipeline.id, on: connection)
        else { return }
        throw StoreError(
            .refused,
            message:
                "\(environment) runs #\(newer), newer than #\(pipeline.id): deploying #\(pipeline.id) now would be a "
                + "step back. If that is what you want, a new pipeline of its commit may: "
                + "pawl run REPOSITORY --ref \(pipeline.commit)")
    }

    /// Whether a job leaves something in its environment when it passes. Nothing from a fork ever does.
    func deploys(_ index: Int) -> Bool {
        plan.jobs[index].environment?.action == .start && !pipeline.trust.isFork
    }
}
