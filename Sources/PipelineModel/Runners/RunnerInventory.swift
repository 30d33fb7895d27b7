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

    /// Lists what there is.
    public init(
        engine: String? = nil, cpus: Double? = nil, memory: ByteCount? = nil, gpus: [GPU] = [], data: [String] = []
    ) {
        self.engine = engine
        self.cpus = cpus
        self.memory = memory
        self.gpus = gpus
        self.data = data
    }
}
