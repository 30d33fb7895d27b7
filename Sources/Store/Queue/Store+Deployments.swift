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
