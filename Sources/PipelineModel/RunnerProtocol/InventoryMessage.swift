extension RunnerProtocol {
    /// What a runner's machine has, as it travels.
    public struct Inventory: Hashable, Codable, Sendable {
        /// The engine that starts containers.
        public var engine: String?
        /// How many CPUs it has.
        public var cpus: Double?
        /// Its memory in bytes.
        public var memory: ByteCount?
        /// Its GPUs, in the machine's order.
        public var gpus: [Device]
        /// Names of the data folders that its administrator offers.
        public var data: [String]
        /// Those of them that jobs of forks do not get; a runner of before this version says nothing of it.
        public var closedData: [String]?

        /// Puts an inventory into the form that travels.
        public init(_ inventory: RunnerInventory) {
            engine = inventory.engine
            cpus = inventory.cpus
            memory = inventory.memory
            gpus = inventory.gpus.map(Device.init)
            data = inventory.data
            closedData = inventory.closedData
        }

        private static let largest = ByteCount(bytes: 1 << 60)
        private static let mostCPUs = 1_000_000.0

        /// The inventory; nil where it is none that a machine can have, or has too much in it to be kept.
        public var inventory: RunnerInventory? {
            let texts = [engine ?? ""] + data + gpus.flatMap { [$0.uuid, $0.model, $0.driver, $0.reason ?? ""] }
            let memories = gpus.map(\.memory) + (memory.map { [$0] } ?? [])
            let isWell =
                gpus.count <= 64 && data.count <= 256
                && texts.allSatisfy { $0.utf8.count <= 256 && RunnerProtocol.isPrintable($0) }
                && gpus.allSatisfy { !$0.uuid.isEmpty && (0...65_535).contains($0.index) }
                && memories.allSatisfy { $0.bytes >= 0 && $0 <= Self.largest }
                && Set(gpus.map(\.uuid)).count == gpus.count && cpus.map { (0...Self.mostCPUs).contains($0) } ?? true
            guard isWell else { return nil }
            return RunnerInventory(
                engine: engine, cpus: cpus, memory: memory, gpus: gpus.map(\.gpu), data: Set(data).sorted(),
                closedData: Set(closedData ?? []).intersection(data).sorted())
        }
    }

    /// A GPU, as it travels.
    public struct Device: Hashable, Codable, Sendable {
        /// Whether a job can have it.
        public enum Condition: String, Codable, Sendable {
            case usable, foreign, failed
        }

        /// The device's own name.
        public var uuid: String
        /// Its place on the machine, from 0.
        public var index: Int
        /// The model.
        public var model: String
        /// Its memory in bytes.
        public var memory: ByteCount
        /// The driver's version.
        public var driver: String
        /// Whether a job can have it.
        public var condition: Condition
        /// Who holds it, or how it failed, in words.
        public var reason: String?

        /// Puts a device into the form that travels.
        public init(_ gpu: GPU) {
            uuid = gpu.uuid
            index = gpu.index
            model = gpu.model
            memory = gpu.memory
            driver = gpu.driver
            switch gpu.condition {
            case .usable: (condition, reason) = (.usable, nil)
            case .foreign(let words): (condition, reason) = (.foreign, words)
            case .failed(let words): (condition, reason) = (.failed, words)
            }
        }

        /// The device.
        public var gpu: GPU {
            let seen: GPU.Condition =
                switch condition {
                case .usable: .usable
                case .foreign: .foreign(reason ?? "")
                case .failed: .failed(reason ?? "")
                }
            return GPU(uuid: uuid, index: index, model: model, memory: memory, driver: driver, condition: seen)
        }
    }
}

extension RunnerProtocol {
    /// Whether a text is without control characters, which would do something where people read it.
    public static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }
}
