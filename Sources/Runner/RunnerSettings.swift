import PipelineModel

/// What a runner is like. One process may have several, each with a state folder of its own.
public struct RunnerSettings: Sendable {
    /// The name people see.
    public var name: String
    /// What jobs may ask for by `tags`.
    public var tags: [String]
    /// How many jobs run at once; 0 runs none.
    public var slots: Int
    /// The version of Pawl, as a log's first line has it.
    public var version: String
    /// The folder for workspaces, results on their way and the runner's id. Private to it.
    public var stateFolder: String
    /// A folder in memory, never on disk, for scripts and secrets. A folder of the runner's own is made in it.
    public var memoryFolder: String
    /// The image of jobs that name none; nil fails them.
    public var defaultImage: String?
    /// Below this much free disk under the state folder nothing new is claimed. At half of it the job that has written most is
    /// ended, where it has written as much.
    public var lowWater: ByteCount
    /// What one job may write to the disk at most, what is laid into its workspace among it; nil for as much as there is.
    public var jobDisk: ByteCount?
    /// How long running jobs may go on when the runner is to stop; then they are given back.
    public var grace: Duration
    /// How long a job that is stopped may take to end by itself.
    public var stopGrace: Duration
    /// How long a runner that is to stop waits at most for a job's last checkpoint to be kept.
    public var checkpointPatience: Duration
    /// How often containers are looked for that belong to no attempt.
    public var sweepEvery: Duration
    /// How long commands after the script may take together.
    public var afterScriptTimeout: Duration
    /// Folders of the machine that an administrator gives to jobs.
    public var mounts: [GivenMount]
    /// Data folders of the machine, by the names that jobs ask for them by with `ml: data`. Jobs see each at
    /// `/data/<name>` and cannot write to it.
    public var data: [String: DataFolder]
    /// Whether jobs with `ml:` may log to this runner with MLflow's API.
    public var takesMLflow: Bool
    /// Whether the engine brings GPUs into containers; false where they are only declared.
    public var bringsDevices: Bool
    /// Called at the moments at which a crash would tell most.
    public var faults: FaultInjector

    /// A folder of the machine that jobs of one repository, and perhaps of one environment, can see.
    public struct GivenMount: Hashable, Sendable {
        /// The folder on the machine.
        public var path: String
        /// Where jobs see it.
        public var target: String
        /// Whether jobs may write to it.
        public var isWritable: Bool
        /// The repository whose jobs get it, by name such as `ml/churn`.
        public var repository: String
        /// The environment whose jobs get it; nil for all of them.
        public var environment: String?

        /// Describes a folder that is given.
        public init(
            path: String, target: String, isWritable: Bool = false, repository: String, environment: String? = nil
        ) {
            self.path = path
            self.target = target
            self.isWritable = isWritable
            self.repository = repository
            self.environment = environment
        }
    }

    /// A data folder of the machine.
    public struct DataFolder: Hashable, Sendable {
        /// The folder on the machine.
        public var path: String
        /// Whether jobs of forks get it: whoever opens a pull request could send it away.
        public var forks: Bool

        /// Describes a data folder.
        public init(path: String, forks: Bool = false) {
            self.path = path
            self.forks = forks
        }
    }

    /// A runner with the defaults: two slots, 2 GiB low water, five minutes of grace.
    public init(name: String, stateFolder: String) {
        self.name = name
        self.stateFolder = stateFolder
        tags = []
        slots = 2
        version = "dev"
        memoryFolder = "/dev/shm"
        lowWater = .gibibytes(2)
        grace = .minutes(5)
        stopGrace = .seconds(10)
        checkpointPatience = .minutes(2)
        sweepEvery = .minutes(1)
        afterScriptTimeout = .minutes(5)
        mounts = []
        data = [:]
        takesMLflow = true
        bringsDevices = true
        faults = .none
    }
}
