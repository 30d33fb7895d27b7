import PipelineModel

extension Store {
    /// The newer pipeline whose deployment an environment of the same repository has; nil where there is none.
    static func newerDeployment(
        in environment: String, than pipeline: PipelineID, on connection: any DatabaseConnection
    ) throws -> PipelineID? {
        try connection.row(
            """
            SELECT environment.pipeline FROM environment JOIN pipeline ON pipeline.repository = environment.repository
            WHERE pipeline.id = $1 AND environment.name = $2 AND environment.pipeline > $1
            """, pipeline, environment)?.id("pipeline")
    }
}

extension PipelineChange {
    /// Refuses a person's wish to deploy something older than what the environment has. A job that came to be outdated
    /// after it was queued fails instead, when it would be handed out.
    func refuseIfOutdated(_ index: Int, on connection: any DatabaseConnection) throws {
        guard plan.jobs[index].environment?.action == .start, let environment = jobs[index].environment,
            let newer = try Store.newerDeployment(in: environment, than: pipeline.id, on: connection)
        else { return }
        throw StoreError(
            .refused,
            message:
                "\(environment) runs #\(newer), newer than #\(pipeline.id): deploying #\(pipeline.id) now would be a "
                + "step back. If that is what you want, push a commit that reverts #\(newer)")
    }
}
