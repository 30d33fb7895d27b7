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
    /// How long it may take.
    public var timeout: Duration?

    /// Describes an attempt.
    public init(
        jobID: Int64, attemptNumber: Int, jobURL: String? = nil, startedAt: String? = nil, timeout: Duration? = nil
    ) {
        self.jobID = jobID
        self.attemptNumber = attemptNumber
        self.jobURL = jobURL
        self.startedAt = startedAt
        self.timeout = timeout
    }
}
