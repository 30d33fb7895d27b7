/// A job as the pipeline file means it for one event, before anything ran.
public struct PlannedJob: Hashable, Codable, Sendable {
    /// The name, unique within the plan. Data, never a path or a command: it may hold `/`, blanks and quotes.
    public var name: String
    /// The stage it belongs to.
    public var stage: String
    /// The container image; nil means the server's default image.
    public var image: Image?
    /// Commands that run before `script` in the same shell.
    public var beforeScript: [String]
    /// The commands that decide whether the job passes.
    public var script: [String]
    /// Commands that run afterwards in a shell of their own, whatever happened. They do not change the result.
    public var afterScript: [String]
    /// The pipeline's and the job's variables, unexpanded, the later of two with one name winning.
    public var variables: [Variable]
    /// Jobs to wait for instead of the earlier stages; nil means the stages decide, empty means none.
    public var needs: [Need]?
    /// Jobs whose artifacts are fetched; nil means all earlier ones (or all needs), empty means none.
    public var dependencies: [String]?
    /// What is kept of the workspace.
    public var artifacts: Artifacts?
    /// On what the start depends.
    public var when: When
    /// How long a delayed job waits when it could start; nil for any other.
    public var startIn: Duration?
    /// Whether its failure counts.
    public var allowFailure: AllowedFailure
    /// The longest time the job may take; nil means the server's limit. Lowered to that limit when longer.
    public var timeout: Duration?
    /// How often, and after which failures, it is tried again by itself.
    public var retry: Retry
    /// What the runner must have.
    public var tags: [String]
    /// The place it deploys to.
    public var environment: Environment?
    /// Whether a newer pipeline of the branch may cancel it while it runs.
    public var interruptible: Bool
    /// Which of the parts that `parallel` makes it is; nil for a job by itself.
    public var part: Part?
    /// Which run of a job with seeds it is; nil for a job without.
    public var seed: Seed?
    /// Jobs of a repository with the same group run one at a time; variables in it are expanded when the pipeline is
    /// made.
    public var resourceGroup: String?
    /// What the job asks of a machine for learning.
    public var ml: MLSettings?
    /// The pattern, between slashes, that finds in the log how much of the code tests reach; nil for none.
    public var coveragePattern: String?

    /// A job with GitLab's defaults: on success, not allowed to fail, not retried.
    public init(name: String, stage: String, script: [String]) {
        self.name = name
        self.stage = stage
        self.script = script
        beforeScript = []
        afterScript = []
        variables = []
        when = .onSuccess
        allowFailure = .never
        retry = Retry(limit: 0)
        tags = []
        interruptible = false
    }
}

extension PlannedJob {
    /// An image by name, and how its entrypoint is set aside.
    public struct Image: Hashable, Codable, Sendable {
        /// The reference as written; variables in it are expanded when the job is handed out.
        public var name: String
        /// Replaces the image's own entrypoint; nil keeps it, `[""]` empties it.
        public var entrypoint: [String]?
        /// When to pull; nil means the server's setting.
        public var pullPolicy: [PullPolicy]?
        /// Whom the container runs as, by name or number, a group after a colon; nil means as the image says.
        public var user: String?
        /// The system and processor of an image that is there for several, such as `linux/amd64`; nil means the engine's.
        public var platform: String?

        /// Names an image.
        public init(name: String, entrypoint: [String]? = nil, pullPolicy: [PullPolicy]? = nil) {
            self.name = name
            self.entrypoint = entrypoint
            self.pullPolicy = pullPolicy
        }
    }

    /// When an image is pulled.
    public enum PullPolicy: String, Codable, Sendable {
        case always
        case ifNotPresent = "if-not-present"
        case never
    }

    /// A job that has to end first.
    public struct Need: Hashable, Codable, Sendable {
        /// The job's name.
        public var job: String
        /// Whether its artifacts are fetched.
        public var artifacts: Bool
        /// Whether the plan is still right without that job.
        public var optional: Bool

        /// Waits for a job, and by default takes its artifacts.
        public init(job: String, artifacts: Bool = true, optional: Bool = false) {
            self.job = job
            self.artifacts = artifacts
            self.optional = optional
        }
    }

    /// One of several jobs that are made of one in the pipeline file.
    public struct Part: Hashable, Codable, Sendable {
        /// Which one it is, from 1.
        public var index: Int
        /// How many there are.
        public var total: Int

        /// Counts a part.
        public init(index: Int, total: Int) {
            self.index = index
            self.total = total
        }
    }

    /// On what a job's start depends.
    public enum When: String, Codable, Sendable {
        /// Every job it waits for passed or was allowed to fail.
        case onSuccess = "on_success"
        /// At least one of them failed.
        case onFailure = "on_failure"
        /// They ended, whichever way.
        case always
        /// As `onSuccess`, and then some time has to pass, or a person says `pawl play`.
        case delayed
        /// A person says `pawl play`.
        case manual
    }

    /// Whether a job's failure makes the pipeline fail.
    public enum AllowedFailure: Hashable, Codable, Sendable {
        /// It does.
        case never
        /// It does not.
        case always
        /// It does not when the script ends with one of these codes.
        case exitCodes([Int])

        /// Whether this failure is one of those that do not count.
        public func covers(_ failure: Failure) -> Bool {
            switch self {
            case .never: false
            case .always: true
            case .exitCodes(let codes): failure.exitCode.map(codes.contains) ?? false
            }
        }
    }

    /// How often, and after which failures, a job is tried again by itself.
    public struct Retry: Hashable, Codable, Sendable {
        /// Further attempts after the first: 0, 1 or 2.
        public var limit: Int
        /// The failures it is for; nil means any.
        public var classes: [FailureClass]?
        /// The exit codes it is for; nil means any.
        public var exitCodes: [Int]?

        /// Tries again up to a limit.
        public init(limit: Int, classes: [FailureClass]? = nil, exitCodes: [Int]? = nil) {
            self.limit = limit
            self.classes = classes
            self.exitCodes = exitCodes
        }

        /// Whether a failure is one that this asks to try again.
        public func covers(_ failure: Failure) -> Bool {
            if classes == nil && exitCodes == nil { return true }
            if let classes, classes.contains(failure.class) { return true }
            if let exitCodes, let code = failure.exitCode, exitCodes.contains(code) { return true }
            return false
        }
    }

    /// The place a job deploys to.
    public struct Environment: Hashable, Codable, Sendable {
        /// What a job does to its environment.
        public enum Action: String, Codable, Sendable { case start, prepare, stop, verify, access }

        /// The name as written; variables in it are expanded when the job is handed out.
        public var name: String
        /// Where the deployed thing answers, as written.
        public var url: String?
        /// What the job does to it.
        public var action: Action
        /// GitLab's tier: production, staging, testing, development or other.
        public var tier: String?

        /// Names an environment that the job starts.
        public init(name: String, url: String? = nil, action: Action = .start, tier: String? = nil) {
            self.name = name
            self.url = url
            self.action = action
            self.tier = tier
        }
    }
}
