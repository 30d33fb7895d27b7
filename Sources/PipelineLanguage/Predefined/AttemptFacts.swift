/// What is known of one attempt when it is handed out, for `PredefinedVariables.attempt`.
public struct AttemptFacts: Hashable, Sendable {
    /// Pawl's number for the job.
    public var jobID: Int64
    /// Which attempt at it this is, from 1.
    public var attemptNumber: Int
    /// The job's page.
    public var jobURL: String?
    /// When it was handed out, in ISO 8601.
    public var startedAt: String?
    /// The folder the repository is checked out into, within the container.
    public var workspace: String
    /// The runner's number, name and tags.
    public var runnerID: String?
    /// The runner's name.
    public var runnerName: String?
    /// The runner's tags.
    public var runnerTags: [String]

    /// Describes an attempt.
    public init(
        jobID: Int64, attemptNumber: Int, jobURL: String? = nil, startedAt: String? = nil, workspace: String,
        runnerID: String? = nil, runnerName: String? = nil, runnerTags: [String] = []
    ) {
        self.jobID = jobID
        self.attemptNumber = attemptNumber
        self.jobURL = jobURL
        self.startedAt = startedAt
        self.workspace = workspace
        self.runnerID = runnerID
        self.runnerName = runnerName
        self.runnerTags = runnerTags
    }
}
