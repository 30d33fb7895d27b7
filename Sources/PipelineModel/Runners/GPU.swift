/// A GPU of a runner: a device that one attempt has for itself.
public struct GPU: Hashable, Codable, Sendable {
    /// The device's own name, such as `GPU-5f3a…`: the same after a restart, and what containers get it by.
    public var uuid: String
    /// Its place on the machine, from 0, for people: `gpu2:0`.
    public var index: Int
    /// The model, such as `NVIDIA A100-SXM4-40GB`.
    public var model: String
    /// Its memory.
    public var memory: ByteCount
    /// The driver's version.
    public var driver: String
    /// Whether a job can have it, as its runner sees it.
    public var condition: Condition

    /// Describes a device.
    public init(
        uuid: String, index: Int, model: String, memory: ByteCount, driver: String, condition: Condition = .usable
    ) {
        self.uuid = uuid
        self.index = index
        self.model = model
        self.memory = memory
        self.driver = driver
        self.condition = condition
    }

    /// Whether a job can have a device.
    public enum Condition: Hashable, Codable, Sendable {
        /// It can.
        case usable
        /// A process that is not Pawl's holds it; in words which. It is left alone for as long as that is so.
        case foreign(String)
        /// It failed; in words how. It is set aside until somebody has checked it.
        case failed(String)
    }
}

/// A GPU that an attempt has, for people: where it is and what it is.
public struct GrantedGPU: Hashable, Codable, Sendable {
    /// The device's own name.
    public var uuid: String
    /// Its place on the machine, from 0.
    public var index: Int
    /// The model.
    public var model: String
    /// Its memory.
    public var memory: ByteCount

    /// Grants a device.
    public init(_ gpu: GPU) {
        uuid = gpu.uuid
        index = gpu.index
        model = gpu.model
        memory = gpu.memory
    }
}
