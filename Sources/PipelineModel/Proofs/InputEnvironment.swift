/// Which variables the script of a job with declared inputs sees. What is another from run to run, such as a commit's id, a
/// number or a date, would make the job another one each time; who needs one names it: `variables: {SHA: $CI_COMMIT_SHA}`.
public struct InputEnvironment: Sendable {
    /// Predefined variables that are the same for as long as the job and its repository are called the same.
    public static let stable: Set<String> = [
        "CI", "GITLAB_CI", "PAWL", "CI_SERVER", "CI_SERVER_NAME", "CI_PROJECT_NAME", "CI_PROJECT_PATH",
        "PAWL_REPOSITORY", "CI_JOB_NAME", "CI_JOB_STAGE", "CI_NODE_INDEX", "CI_NODE_TOTAL", "PAWL_JOB", "PAWL_SEED",
    ]

    /// What the runner sets itself, and is another on another runner, or asks for a history that is not there.
    private static let ofMachine: Set<String> = [
        "CI_RUNNER_DESCRIPTION", "CI_RUNNER_TAGS", "CI_RUNNER_VERSION", "PAWL_GPUS", "CI_JOB_IMAGE", "GIT_CONFIG_COUNT",
        "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0",
    ]

    private let declared: Set<String>

    /// The environment of a job; nil for one without declared inputs, which sees everything.
    public init?(of job: PlannedJob) {
        guard job.hasInputs else { return nil }
        declared = Set(job.variables.map(\.name)).union(job.ml?.secrets ?? [])
    }

    /// Whether the script sees a variable that the server or the pipeline file gives.
    public func shows(_ name: String) -> Bool { Self.stable.contains(name) || declared.contains(name) }

    /// Whether the script sees a variable that the runner sets.
    public func showsOwn(_ name: String) -> Bool { !Self.ofMachine.contains(name) }
}

extension PlannedJob {
    /// Whether it says what it reads, so that it sees nothing else.
    public var hasInputs: Bool { ml?.inputs.isEmpty == false }
}
