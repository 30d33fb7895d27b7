/// What a job needs of the machine that runs it. Jobs that need the same are alike to the queue.
public struct MachineNeeds: Hashable, Codable, Sendable {
    /// Tags that its runner must all have, sorted, each once.
    public var tags: [String]
    /// How many GPUs it gets for itself, all on one runner.
    public var gpus: Int
    /// The least memory of each of them.
    public var gpuMemory: ByteCount?
    /// CPUs; nil where the job does not say.
    public var cpus: Double?
    /// Memory; nil where the job does not say.
    public var memory: ByteCount?
    /// Names of the data folders it reads, sorted, each once.
    public var data: [String]

    /// Needs what is named.
    public init(
        tags: [String] = [], gpus: Int = 0, gpuMemory: ByteCount? = nil, cpus: Double? = nil,
        memory: ByteCount? = nil, data: [String] = []
    ) {
        self.tags = Set(tags).sorted()
        self.gpus = gpus
        self.gpuMemory = gpuMemory
        self.cpus = cpus
        self.memory = memory
        self.data = Set(data).sorted()
    }

    /// What a planned job needs.
    public init(of job: PlannedJob) {
        self.init(
            tags: job.tags, gpus: job.ml?.gpus ?? 0, gpuMemory: job.ml?.gpuMemory, cpus: job.ml?.cpus,
            memory: job.ml?.memory, data: job.ml?.data ?? [])
    }

    /// Reads what is there: what is missing is not needed.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            tags: try container.decodeIfPresent([String].self, forKey: .tags) ?? [],
            gpus: try container.decodeIfPresent(Int.self, forKey: .gpus) ?? 0,
            gpuMemory: try container.decodeIfPresent(ByteCount.self, forKey: .gpuMemory),
            cpus: try container.decodeIfPresent(Double.self, forKey: .cpus),
            memory: try container.decodeIfPresent(ByteCount.self, forKey: .memory),
            data: try container.decodeIfPresent([String].self, forKey: .data) ?? [])
    }

    /// Writes what is needed, and nothing of what is not, so that the same needs are the same text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tags, forKey: .tags)
        if gpus > 0 { try container.encode(gpus, forKey: .gpus) }
        try container.encodeIfPresent(gpuMemory, forKey: .gpuMemory)
        try container.encodeIfPresent(cpus, forKey: .cpus)
        try container.encodeIfPresent(memory, forKey: .memory)
        if !data.isEmpty { try container.encode(data, forKey: .data) }
    }

    private enum CodingKeys: String, CodingKey { case tags, gpus, gpuMemory, cpus, memory, data }
}

extension MachineNeeds {
    /// How many GPUs, and of which size: `2 GPUs of 40 GiB`.
    public var gpuWords: String {
        "\(gpus) GPU\(gpus == 1 ? "" : "s")" + (gpuMemory.map { " of \($0.memoryText)" } ?? "")
    }

    /// What is needed, in words, most telling first; empty where any runner will do.
    public var words: [String] {
        var words: [String] = []
        if !tags.isEmpty { words.append("tag\(tags.count == 1 ? "" : "s") \(tags.joined(separator: ", "))") }
        if gpus > 0 { words.append(gpuWords) }
        if let cpus { words.append("\(cpus) CPUs") }
        if let memory { words.append("\(memory.memoryText) of memory") }
        if !data.isEmpty { words.append("the data \(data.joined(separator: ", "))") }
        return words
    }
}

/// What is asked of a runner: by whom, for which commits, on what machine.
public struct JobDemand: Hashable, Sendable {
    /// The repository whose job it is.
    public var repository: RepositoryID
    /// How far its commit is trusted.
    public var trust: CommitTrust
    /// What it needs of the machine.
    public var needs: MachineNeeds

    /// Asks for a runner.
    public init(repository: RepositoryID, trust: CommitTrust, needs: MachineNeeds) {
        self.repository = repository
        self.trust = trust
        self.needs = needs
    }

    /// What is asked for, in words; empty where any runner will do.
    public var words: String { (needs.words + (trust == .fork ? ["may serve forks"] : [])).joined(separator: ", ") }
}
