import PipelineModel

/// GitLab's `CI_*` variables with GitLab's meaning on every forge, and Pawl's own beside them.
///
/// Three groups: those of the pipeline are known before anything is planned, and rules may ask for them; those of a job
/// are known with the plan; those of an attempt only when it is handed out. None is expanded: titles and branch names are
/// strangers' text, and a `$` in them stays one. Names and meanings are those of GitLab's list of predefined variables.
public enum PredefinedVariables {
    /// Variables of a planned job that its rules and its tags may use.
    public static func planned(job: PlannedJob) -> [Variable] {
        var list = VariableList()
        list.add("CI_JOB_NAME", job.name)
        list.add("CI_JOB_NAME_SLUG", Slug.reference(job.name))
        list.add("CI_JOB_STAGE", job.stage)
        list.add("CI_NODE_INDEX", job.part.map { String($0.index) })
        list.add("CI_NODE_TOTAL", String(job.part?.total ?? 1))
        if let image = job.image { list.add("CI_JOB_IMAGE", image.name, expands: true) }
        if let environment = job.environment {
            list.add("CI_ENVIRONMENT_NAME", environment.name, expands: true)
            list.add("CI_ENVIRONMENT_ACTION", environment.action.rawValue)
            list.add("CI_ENVIRONMENT_TIER", environment.tier ?? EnvironmentTier.guess(from: environment.name))
            list.add("CI_ENVIRONMENT_URL", environment.url, expands: true)
        }
        return list.variables
    }

    /// Variables of a pipeline.
    public static func pipeline(_ facts: PipelineFacts) -> [Variable] {
        var list = VariableList()
        list.addServer(facts.server)
        list.addProject(facts.project, server: facts.server)
        list.addCommit(facts.commit, ref: facts.ref)
        list.addMergeRequest(facts.mergeRequest, project: facts.project)
        list.addPipeline(facts)
        return list.variables
    }

    /// Variables of one attempt at a job, those of the planned job among them. What its runner alone knows, such as the
    /// folder of the checkout, the runner adds.
    ///
    /// `sha256` is for `CI_ENVIRONMENT_SLUG`; see `Slug.environment`. `environment` is the expanded name.
    public static func attempt(
        _ facts: AttemptFacts, of job: PlannedJob, environment: String?, sha256: ([UInt8]) throws -> [UInt8]
    ) rethrows -> [Variable] {
        var list = VariableList(planned(job: job))
        list.add("CI_JOB_ID", String(facts.jobID))
        list.add("CI_JOB_URL", facts.jobURL)
        list.add("CI_JOB_STARTED_AT", facts.startedAt)
        list.add("CI_JOB_TIMEOUT", facts.timeout.map { String($0.components.seconds) })
        list.add("CI_JOB_MANUAL", job.when == .manual ? "true" : nil)
        if let environment { list.add("CI_ENVIRONMENT_SLUG", try Slug.environment(environment, sha256: sha256)) }
        list.add("PAWL_JOB", job.name)
        list.add("PAWL_ATTEMPT", String(facts.attemptNumber))
        list.add("PAWL_SEED", job.seed.map { String($0.number) })
        return list.variables
    }
}
