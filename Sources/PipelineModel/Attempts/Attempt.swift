/// Where an attempt is. Attempts are history: one is never changed into another try.
public enum AttemptState: String, Codable, Sendable, CaseIterable {
    /// Handed out, not acknowledged: nothing has started.
    case claimed
    /// Acknowledged: containers may exist.
    case running
    /// Ended well.
    case passed
    /// Ended badly.
    case failed
    /// Stopped.
    case cancelled
    /// Its runner was not heard of again.
    case lost
    /// Its runner gave it back unspent, or never acknowledged it.
    case givenBack = "given_back"
}

/// How an attempt ended, as its runner reports it. Repeating the same result is harmless.
public struct AttemptResult: Hashable, Codable, Sendable {
    /// Why it failed; nil means the script passed.
    public var failure: Failure?
    /// The script's exit code, where the script was reached.
    public var exitCode: Int?
    /// The last line of the log that says something, bounded to 120 characters, for a status text.
    public var summary: String?
    /// When the script's container was started, by the runner's clock.
    public var startedAt: Timestamp?
    /// When it ended, by the runner's clock.
    public var finishedAt: Timestamp
    /// The image that was really used, as an id or digest.
    public var imageDigest: String?
    /// What it used, where the runner says.
    public var usage: AttemptUsage?
    /// Its GPUs that failed under it; nil where none did.
    public var failedGPUs: [GPUFault]?
    /// What the job reported in numbers; nil where nothing.
    public var report: MetricReport?
    /// What its tests found; nil where nothing is known of any.
    public var findings: Findings?
    /// The digest of the declared inputs that its workspace was made of, 64 hexadecimal digits; nil for a job that sees
    /// the whole commit.
    public var inputs: String?
    /// Variables for the jobs that get its artifacts; nil where it hands on none.
    public var dotenv: [Variable]?

    /// How many variables a job hands on at most.
    public static let dotenvLimit = 500

    /// Describes an end.
    public init(
        failure: Failure? = nil, exitCode: Int? = nil, summary: String? = nil, startedAt: Timestamp? = nil,
        finishedAt: Timestamp, imageDigest: String? = nil, usage: AttemptUsage? = nil,
        failedGPUs: [GPUFault]? = nil, report: MetricReport? = nil, findings: Findings? = nil,
        inputs: String? = nil, dotenv: [Variable]? = nil
    ) {
        self.failure = failure
        self.exitCode = exitCode
        self.summary = summary
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.imageDigest = imageDigest
        self.usage = usage
        self.failedGPUs = failedGPUs
        self.report = report
        self.findings = findings
        self.inputs = inputs
        self.dotenv = dotenv
    }
}

/// A GPU that failed under an attempt.
public struct GPUFault: Hashable, Codable, Sendable {
    /// The device's own name.
    public var uuid: String
    /// How it failed, in words.
    public var reason: String

    /// Describes a failure.
    public init(uuid: String, reason: String) {
        self.uuid = uuid
        self.reason = reason
    }
}
