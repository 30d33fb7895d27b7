/// What a runner's machine has, as the runner last looked.
public struct RunnerInventory: Hashable, Codable, Sendable {
    /// The engine that starts containers, such as `Docker 24.0.7`; nil where it is not known.
    public var engine: String?
    /// How many CPUs it has; nil where it is not known, and then nothing is reckoned with.
    public var cpus: Double?
    /// Its memory; nil where it is not known.
    public var memory: ByteCount?
    /// Its GPUs, in the machine's order.
    public var gpus: [GPU]
    /// Names of the data folders that its administrator offers, sorted.
    public var data: [String]
    /// Those of them that jobs of forks do not get, sorted.
    public var closedData: [String]

    /// Lists what there is.
    public init(
        engine: String? = nil, cpus: Double? = nil, memory: ByteCount? = nil, gpus: [GPU] = [], data: [String] = [],
        closedData: [String] = []
    ) {
        self.engine = engine
        self.cpus = cpus
        self.memory = memory
        self.gpus = gpus
        self.data = data
        self.closedData = closedData
    }

    /// Reads one; what was written before there was `closedData` has none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        engine = try container.decodeIfPresent(String.self, forKey: .engine)
        cpus = try container.decodeIfPresent(Double.self, forKey: .cpus)
        memory = try container.decodeIfPresent(ByteCount.self, forKey: .memory)
        gpus = try container.decode([GPU].self, forKey: .gpus)
        data = try container.decode([String].self, forKey: .data)
        closedData = try container.decodeIfPresent([String].self, forKey: .closedData) ?? []
    }
}
