/// The `ml:` key of a job: what it asks of a machine for learning, and what its numbers must hold.
///
/// It is read in full. What is not carried out yet gives a warning in the plan that says so.
public struct MLSettings: Hashable, Codable, Sendable {
    /// How many GPUs the job gets for itself.
    public var gpus: Int?
    /// The least memory of each of them.
    public var gpuMemory: ByteCount?
    /// How many times the job runs with a seed of its own.
    public var seeds: Int?
    /// Paths whose content decides whether the job need run at all.
    public var inputs: [String]
    /// A path of the workspace that is saved now and then, when the job is stopped and when it fails, and laid into the
    /// next attempt.
    public var checkpoint: String?
    /// How often it is saved while the job runs, in milliseconds; nil for every ten minutes.
    private var checkpointEveryMs: Int64?
    /// Paths of event files with the curves of training.
    public var curves: [String]
    /// Rules over metrics, by metric.
    public var gate: [GateRule]
    /// CPUs, at most the server's limit. 0.5 is half of one.
    public var cpus: Double?
    /// Memory, at most the server's limit.
    public var memory: ByteCount?
    /// Names of data folders that it reads, each at `/data/<name>`. A runner's administrator offers them.
    public var data: [String]
    /// The size of `/dev/shm`.
    public var shmSize: ByteCount?

    /// Asks for nothing.
    public init() {
        inputs = []
        curves = []
        gate = []
        data = []
    }

    /// Reads what a plan holds; plans from before there was data name none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        gpus = try container.decodeIfPresent(Int.self, forKey: .gpus)
        gpuMemory = try container.decodeIfPresent(ByteCount.self, forKey: .gpuMemory)
        seeds = try container.decodeIfPresent(Int.self, forKey: .seeds)
        inputs = try container.decode([String].self, forKey: .inputs)
        checkpoint = try container.decodeIfPresent(String.self, forKey: .checkpoint)
        checkpointEveryMs = try container.decodeIfPresent(Int64.self, forKey: .checkpointEveryMs)
        curves = try container.decode([String].self, forKey: .curves)
        gate = try container.decode([GateRule].self, forKey: .gate)
        cpus = try container.decodeIfPresent(Double.self, forKey: .cpus)
        memory = try container.decodeIfPresent(ByteCount.self, forKey: .memory)
        data = try container.decodeIfPresent([String].self, forKey: .data) ?? []
        shmSize = try container.decodeIfPresent(ByteCount.self, forKey: .shmSize)
    }

    /// How often the checkpoint is saved while the job runs, where it has changed; nil for every ten minutes.
    public var checkpointEvery: Duration? {
        get { checkpointEveryMs.map { .milliseconds($0) } }
        set { checkpointEveryMs = newValue?.wholeMilliseconds }
    }
}

/// What one metric must hold for the gate to open.
public struct GateRule: Hashable, Codable, Sendable {
    /// The direction that is better. There is no default.
    public enum Want: String, Codable, Sendable { case higher, lower }

    /// The metric's name.
    public var metric: String
    /// The direction that is better.
    public var want: Want
    /// How much worse than the baseline is still allowed, in the metric's unit.
    public var tolerance: Double?
    /// The least value allowed.
    public var min: Double?
    /// The greatest value allowed.
    public var max: Double?

    /// A rule with a direction and no bounds yet.
    public init(metric: String, want: Want) {
        self.metric = metric
        self.want = want
    }
}
