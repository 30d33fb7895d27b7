/// Everything a runner needs to carry out an attempt, handed over when it acknowledges the claim.
public struct Assignment: Sendable {
    /// The lease to speak under.
    public var key: LeaseKey
    /// Which attempt at the job this is, from 1.
    public var attemptNumber: Int
    /// The pipeline it belongs to.
    public var pipeline: PipelineID
    /// The job as planned.
    public var job: PlannedJob
    /// The repository to check out.
    public var repository: RepositoryReference
    /// Where the commit is fetched from when it is not in the repository itself, as for a fork's pull request.
    public var fetchURL: String?
    /// The ref that leads to the commit, such as `refs/heads/main` or `refs/pull/7/head`.
    public var ref: String
    /// The commit to check out.
    public var commit: String
    /// How far that commit is trusted: what the machine gives to jobs goes by it.
    public var trust: CommitTrust
    /// All variables in ascending precedence, predefined ones among them, unexpanded, without secrets.
    public var variables: [Variable]
    /// Secrets this attempt may see. They reach the script through a file, not the container's environment.
    public var secrets: [GrantedSecret]
    /// A read-only credential for this repository; nil where git needs none.
    public var gitCredential: GitCredential?
    /// Logins for the registries that images come from.
    public var registryLogins: [RegistryLogin]
    /// Registries whose logins it does not get. An image of one of them must be one that anybody may pull, though the
    /// engine has it already.
    public var closedRegistries: [String]
    /// Artifacts of earlier jobs to lay into the workspace, in order.
    public var artifacts: [ArtifactInput]
    /// What an earlier attempt at the job saved, to be laid into the workspace before it starts; nil where there is nothing.
    public var checkpoint: Checkpoint?
    /// The GPUs it has for itself.
    public var gpus: [GrantedGPU]
    /// What it may use at most.
    public var limits: JobLimits
    /// How long the lease holds from its acknowledgement on without a heartbeat; nil where it is as the claim said.
    public var leaseFor: Duration?

    /// Collects an assignment.
    public init(
        key: LeaseKey, attemptNumber: Int, pipeline: PipelineID, job: PlannedJob, repository: RepositoryReference,
        fetchURL: String? = nil, ref: String, commit: String, trust: CommitTrust = .fork, variables: [Variable],
        secrets: [GrantedSecret] = [], gitCredential: GitCredential? = nil, registryLogins: [RegistryLogin] = [],
        closedRegistries: [String] = [], artifacts: [ArtifactInput] = [], checkpoint: Checkpoint? = nil,
        gpus: [GrantedGPU] = [], limits: JobLimits, leaseFor: Duration? = nil
    ) {
        self.key = key
        self.attemptNumber = attemptNumber
        self.pipeline = pipeline
        self.job = job
        self.repository = repository
        self.fetchURL = fetchURL
        self.ref = ref
        self.commit = commit
        self.trust = trust
        self.variables = variables
        self.secrets = secrets
        self.gitCredential = gitCredential
        self.registryLogins = registryLogins
        self.closedRegistries = closedRegistries
        self.artifacts = artifacts
        self.checkpoint = checkpoint
        self.gpus = gpus
        self.limits = limits
        self.leaseFor = leaseFor
    }
}

/// How far a commit is trusted. The server decides it on what the forge says, never on what the pipeline file asks for.
public enum CommitTrust: String, Codable, Sendable {
    /// It comes from another repository: it gets nothing that is not public.
    case fork
    /// Whoever may write to the repository can have put it there.
    case branch
    /// It is on a branch or tag that only some may change.
    case protected
}

/// A user name and a password or token for git over HTTP.
public struct GitCredential: Sendable {
    /// The user name; GitHub takes `x-access-token`, GitLab `oauth2`.
    public var user: String
    /// The password or token.
    public var password: Redacted
    /// Whether an administrator lets it be shown for submodules that lie on the repository's own server.
    public var readsSubmodules: Bool

    /// Pairs a user with a password.
    public init(user: String, password: Redacted, readsSubmodules: Bool = false) {
        self.user = user
        self.password = password
        self.readsSubmodules = readsSubmodules
    }
}

/// A login for a container registry.
public struct RegistryLogin: Sendable {
    /// The registry's host and port, as image names begin with it.
    public var registry: String
    /// The user name.
    public var user: String
    /// The password or token.
    public var password: Redacted

    /// Describes a login.
    public init(registry: String, user: String, password: Redacted) {
        self.registry = registry
        self.user = user
        self.password = password
    }
}

/// What one job may use at most. The server's settings give it; a pipeline file may lower it.
public struct JobLimits: Hashable, Codable, Sendable {
    /// CPUs; 0.5 is half of one. Nil leaves them unlimited.
    public var cpus: Double?
    /// Memory, swap included. Nil leaves it unlimited.
    public var memory: ByteCount?
    /// Processes and threads.
    public var pids: Int
    /// Time for the whole job.
    public var timeout: Duration
    /// Time without a byte of output.
    public var noOutputTimeout: Duration
    /// How much of a log is kept: half of it from the beginning, half from the end.
    public var logSize: ByteCount
    /// The size of `/dev/shm`.
    public var shmSize: ByteCount
    /// All artifacts of one attempt together.
    public var artifactSize: ByteCount

    /// The defaults: an hour, 512 processes, 16 MiB of log.
    public init(
        cpus: Double? = nil, memory: ByteCount? = nil, pids: Int = 512, timeout: Duration = .hours(1),
        noOutputTimeout: Duration = .minutes(30), logSize: ByteCount = .mebibytes(16),
        shmSize: ByteCount = .mebibytes(64), artifactSize: ByteCount = .gibibytes(2)
    ) {
        self.cpus = cpus
        self.memory = memory
        self.pids = pids
        self.timeout = timeout
        self.noOutputTimeout = noOutputTimeout
        self.logSize = logSize
        self.shmSize = shmSize
        self.artifactSize = artifactSize
    }

    /// The limits with those of a job that asks for less.
    public func lowered(by job: PlannedJob) -> JobLimits {
        var lowered = self
        if let asked = job.timeout { lowered.timeout = Swift.min(timeout, asked) }
        if let asked = job.ml?.cpus { lowered.cpus = Swift.min(cpus ?? asked, asked) }
        if let asked = job.ml?.memory { lowered.memory = Swift.min(memory ?? asked, asked) }
        if let asked = job.ml?.shmSize { lowered.shmSize = Swift.min(memory ?? asked, asked) }
        return lowered
    }
}
