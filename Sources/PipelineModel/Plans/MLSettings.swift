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
    /// All that the job may read of the repository: files, folders and globs. Where none of it has changed it need not run
    /// again. Empty for a job that sees the whole commit.
    public var inputs: [String]
    /// The names of the secrets that a job with inputs gets; one without gets all that its ref may see.
    public var secrets: [String]
    /// A path of the workspace that is saved now and then, when the job is stopped and when it fails, and laid into the
    /// next attempt.
    public var checkpoint: String?
    /// How often it is saved while the job runs, in milliseconds; nil for every ten minutes.
    private var checkpointEveryMs: Int64?
    /// Paths of event files with the curves of training.
    public var curves: [String]
    /// Tables with the metrics example by example.
    public var examples: [String]
    /// Files with what the model is made with, in YAML or JSON; none for `params.yaml` and `params.json`, where they are.
    public var params: [String]
    /// Rules over metrics, by metric.
    public var gate: [GateRule]
    /// How the gate judges; nil for the defaults.
    public var judge: JudgeSettings?
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
        secrets = []
        curves = []
        examples = []
        params = []
        gate = []
        data = []
    }

    /// Reads what a plan holds; older plans lack what was not there yet.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        gpus = try container.decodeIfPresent(Int.self, forKey: .gpus)
        gpuMemory = try container.decodeIfPresent(ByteCount.self, forKey: .gpuMemory)
        seeds = try container.decodeIfPresent(Int.self, forKey: .seeds)
        inputs = try container.decode([String].self, forKey: .inputs)
        secrets = try container.decodeIfPresent([String].self, forKey: .secrets) ?? []
        checkpoint = try container.decodeIfPresent(String.self, forKey: .checkpoint)
        checkpointEveryMs = try container.decodeIfPresent(Int64.self, forKey: .checkpointEveryMs)
        curves = try container.decode([String].self, forKey: .curves)
        examples = try container.decodeIfPresent([String].self, forKey: .examples) ?? []
        params = try container.decodeIfPresent([String].self, forKey: .params) ?? []
        gate = try container.decode([GateRule].self, forKey: .gate)
        judge = try container.decodeIfPresent(JudgeSettings.self, forKey: .judge)
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
    /// How much worse than the baseline is still allowed.
    public var tolerance: Tolerance?
    /// The least value allowed.
    public var min: Double?
    /// The greatest value allowed.
    public var max: Double?
    /// How much the target branch may lose in all since the last release, in the metric's unit; nil for no such limit.
    public var ratchet: Double?
    /// A value to compare with instead of what the target branch has.
    public var baseline: Double?

    /// How much worse than the baseline is still allowed.
    public enum Tolerance: Hashable, Codable, Sendable {
        /// In the metric's unit.
        case absolute(Double)
        /// As a share of the baseline's mean: 0.01 is one in a hundred.
        case relative(Double)

        private enum CodingKeys: String, CodingKey { case share }

        /// Reads a number, or `{"share": 0.01}`.
        public init(from decoder: any Decoder) throws {
            if let amount = try? decoder.singleValueContainer().decode(Double.self) {
                self = .absolute(amount)
            } else {
                self = .relative(try decoder.container(keyedBy: CodingKeys.self).decode(Double.self, forKey: .share))
            }
        }

        /// Writes a number, or `{"share": 0.01}`.
        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .absolute(let amount):
                var container = encoder.singleValueContainer()
                try container.encode(amount)
            case .relative(let share):
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(share, forKey: .share)
            }
        }
    }

    /// A rule with a direction and no bounds yet.
    public init(metric: String, want: Want) {
        self.metric = metric
        self.want = want
    }
}

/// How a gate judges.
public struct JudgeSettings: Hashable, Codable, Sendable {
    /// What becomes of a job about which nothing is sure.
    public enum Doubt: String, Codable, Sendable, CaseIterable {
        /// It passes, and the report says so.
        case warn
        /// It fails.
        case block
    }

    /// What becomes of a change that there is nothing to compare with.
    public enum MissingBaseline: String, Codable, Sendable, CaseIterable {
        /// It is held against the limits alone, and the report says so.
        case warn
        /// It fails.
        case block
        /// What is judged is run once where the change left the target branch; where that does not help, as for `warn`.
        case train
    }

    /// The chance, from 0.5 to 1, with which what the verdict says of a model that is truly within the limits holds.
    public var confidence: Double
    /// What becomes of a change that may be worse or not.
    public var inconclusive: Doubt
    /// What becomes of a change that looks worse by a single seed, which proves nothing.
    public var oneSeed: Doubt
    /// What becomes of a change that there is nothing to compare with.
    public var noBaseline: MissingBaseline
    /// The model version to compare with: the tag of a commit whose results were accepted. Nil for what the target branch
    /// has.
    public var version: String?

    /// 95 %, and doubts only warn.
    public init(
        confidence: Double = 0.95, inconclusive: Doubt = .warn, oneSeed: Doubt = .warn,
        noBaseline: MissingBaseline = .warn
    ) {
        self.confidence = confidence
        self.inconclusive = inconclusive
        self.oneSeed = oneSeed
        self.noBaseline = noBaseline
    }
}
