import PipelineModel

/// What made a pipeline. The words are those of status contexts and the database.
public enum PipelineSource: String, Codable, Sendable, CaseIterable {
    case push
    case tag
    case pullRequest = "pr"
    case mergeGroup = "merge_group"
    case manual
    case schedule
    /// A pull request has nothing to be compared with.
    case baseline
}

/// How far a pipeline is trusted. Decided on the forge's numbers, read from its API.
public struct PipelineTrust: Hashable, Codable, Sendable {
    /// Whether its ref is protected, so that it may see protected secrets.
    public var isProtected: Bool
    /// Whether its commit comes from another repository, so that it sees no secrets.
    public var isFork: Bool

    /// Describes trust.
    public init(isProtected: Bool, isFork: Bool) {
        self.isProtected = isProtected
        self.isFork = isFork
    }
}

/// A pipeline to be made.
public struct NewPipeline: Sendable {
    /// What the pipeline file gave.
    public enum Planning: Sendable {
        /// A plan; one without jobs is an empty pipeline, which is a success.
        case planned(Plan)
        /// Nothing that can be run; why, in a sentence, and every diagnostic.
        case notPlanned(reason: String, diagnostics: [Diagnostic])
    }

    /// Whose it is.
    public var repository: RepositoryID
    /// What made it.
    public var source: PipelineSource
    /// The full ref that leads to the commit.
    public var ref: String
    /// The commit to build, in full.
    public var commit: String
    /// The commit before, where there was one.
    public var before: String?
    /// Where the commit is fetched from when it is not in the repository itself.
    public var fetchURL: String?
    /// The pull request's number.
    public var pullRequest: Int64?
    /// The title of the commit or pull request.
    public var title: String?
    /// Who caused it, as people call them.
    public var author: String?
    /// How far it is trusted.
    public var trust: PipelineTrust
    /// Whether it waits for a maintainer's approval of its commit.
    public var isHeld: Bool
    /// What the pipeline file gave.
    public var planning: Planning
    /// For a plan without jobs, why there is nothing to run, in words for the forge.
    public var emptyReason: String?
    /// Predefined variables of the event, unexpanded, without secrets, for handing out jobs later.
    public var variables: [Variable]
    /// The environments that jobs deploy to, by job name, with variables expanded.
    public var environments: [String: String]
    /// The resource groups of jobs, by job name, with variables expanded.
    public var resourceGroups: [String: String]
    /// By what a repetition is recognized; nil where every request is wanted, as for a person's.
    public var event: EventIdentity?

    /// Describes a pipeline; what is not named is empty.
    public init(
        repository: RepositoryID, source: PipelineSource, ref: String, commit: String, trust: PipelineTrust,
        planning: Planning
    ) {
        self.repository = repository
        self.source = source
        self.ref = ref
        self.commit = commit
        self.trust = trust
        self.planning = planning
        isHeld = false
        variables = []
        environments = [:]
        resourceGroups = [:]
    }
}

/// What came of asking for a pipeline.
public enum PipelineCreation: Hashable, Sendable {
    /// It was made.
    case created(PipelineID)
    /// The same event was dealt with already, by this delivery, which may have made a pipeline. Nothing was done.
    case repeated(DeliveryID, PipelineID?)
}
