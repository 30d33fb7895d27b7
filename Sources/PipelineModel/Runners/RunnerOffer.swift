/// What a runner offers to jobs: who it is, whom it serves, and what its machine has.
public struct RunnerOffer: Hashable, Sendable {
    /// Its number; nil for one that has never joined.
    public var id: RunnerID?
    /// Its name.
    public var name: String
    /// What jobs may ask for by `tags`.
    public var tags: [String]
    /// How many jobs it carries out at once.
    public var slots: Int
    /// Whose jobs it takes.
    public var scope: ServingScope
    /// What its machine has.
    public var inventory: RunnerInventory

    /// Describes a runner.
    public init(
        id: RunnerID? = nil, name: String, tags: [String], slots: Int, scope: ServingScope = .init(),
        inventory: RunnerInventory = .init()
    ) {
        self.id = id
        self.name = name
        self.tags = tags
        self.slots = slots
        self.scope = scope
        self.inventory = inventory
    }

    /// Why it can never take such a job as it is, most telling first; empty where it can. Cards that failed or that
    /// others hold count as there: they may come back.
    public func obstacles(to demand: JobDemand) -> [RunnerObstacle] {
        let needs = demand.needs
        var obstacles: [RunnerObstacle] = []
        let missing = needs.tags.filter { !tags.contains($0) }
        if !missing.isEmpty { obstacles.append(.lacksTags(missing)) }
        if let obstacle = scope.obstacle(to: demand) { obstacles.append(obstacle) }
        if needs.gpus > 0, let obstacle = gpuObstacle(needs) { obstacles.append(obstacle) }
        if let wanted = needs.cpus, let has = inventory.cpus, wanted > has {
            obstacles.append(.tooFewCPUs(wanted: wanted, has: has))
        }
        if let wanted = needs.memory, let has = inventory.memory, wanted > has {
            obstacles.append(.tooLittleMemory(wanted: wanted, has: has))
        }
        let data = needs.data.filter { !inventory.data.contains($0) }
        if !data.isEmpty { obstacles.append(.lacksData(data)) }
        let closed = demand.trust == .fork ? needs.data.filter(inventory.closedData.contains) : []
        if !closed.isEmpty { obstacles.append(.closedData(closed)) }
        if slots <= 0 { obstacles.append(.noSlots) }
        return obstacles
    }

    private func gpuObstacle(_ needs: MachineNeeds) -> RunnerObstacle? {
        let gpus = inventory.gpus
        guard let largest = gpus.map(\.memory).max() else { return .noGPU }
        let wanted = needs.gpuMemory ?? ByteCount(bytes: 0)
        let fitting = gpus.filter { $0.memory >= wanted }.count
        if fitting >= needs.gpus { return nil }
        return fitting == 0
            ? .gpuMemory(wanted: wanted, largest: largest) : .tooFewGPUs(wanted: needs.gpus, has: fitting)
    }
}

/// Why a runner can never take a job as both are.
public enum RunnerObstacle: Hashable, Sendable {
    case lacksTags([String])
    case otherRepositories
    case protectedOnly
    case noForks
    case noGPU
    case tooFewGPUs(wanted: Int, has: Int)
    case gpuMemory(wanted: ByteCount, largest: ByteCount)
    case tooFewCPUs(wanted: Double, has: Double)
    case tooLittleMemory(wanted: ByteCount, has: ByteCount)
    case lacksData([String])
    case closedData([String])
    case noSlots

    /// The obstacle in words that follow `never:`.
    public var words: String {
        switch self {
        case .lacksTags(let tags): "lacks tag \(tags.joined(separator: ", "))"
        case .otherRepositories: "serves other repositories"
        case .protectedOnly: "serves protected refs only"
        case .noForks: "serves no forks"
        case .noGPU: "no GPU"
        case .tooFewGPUs(let wanted, let has): "has \(has) of the \(wanted) GPUs"
        case .gpuMemory(let wanted, let largest):
            "\(largest.memoryText) is less than \(wanted.memoryText)"
        case .tooFewCPUs(let wanted, let has): "\(Self.text(has)) CPUs are less than \(Self.text(wanted))"
        case .tooLittleMemory(let wanted, let has):
            "\(has.memoryText) of memory is less than \(wanted.memoryText)"
        case .lacksData(let names): "does not offer the data \(names.joined(separator: ", "))"
        case .closedData(let names): "gives forks no \(names.joined(separator: ", "))"
        case .noSlots: "takes no jobs"
        }
    }

    private static func text(_ number: Double) -> String {
        number.rounded() == number ? String(Int(number)) : String(number)
    }
}
