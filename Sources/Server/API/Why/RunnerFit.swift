import PipelineModel
import Store

/// How one runner stands to one job.
struct RunnerFit: Sendable {
    let member: PoolMember
    let obstacles: [RunnerObstacle]
    private let demand: JobDemand
    private let now: Timestamp

    init(member: PoolMember, demand: JobDemand, now: Timestamp) {
        self.member = member
        self.demand = demand
        self.now = now
        obstacles = member.runner.offer.obstacles(to: demand)
    }

    private var runner: StoredRunner { member.runner }

    /// Whether it can never take the job as both are.
    var isNever: Bool { !obstacles.isEmpty }

    /// Whether it takes jobs at all now.
    var isThere: Bool { runner.standing == .active && runner.awaySince(now: now) == nil }

    /// How many of its GPUs are free and large enough.
    var freeGPUs: Int { large.filter(\.isFree).count }

    /// Whether it has as many GPUs free as the job needs.
    var hasGPUs: Bool { freeGPUs >= demand.needs.gpus }

    private var large: [StoredGPU] {
        let least = demand.needs.gpuMemory ?? ByteCount(bytes: 0)
        return runner.gpus.filter { $0.gpu.memory >= least }
    }

    /// What stands between the two, in words.
    var words: String {
        guard obstacles.isEmpty else { return "never: \(obstacles.map(\.words).joined(separator: ", and "))" }
        if let since = runner.awaySince(now: now) { return "away for \((now - since).text)" }
        switch runner.standing {
        case .paused: return "paused: pawl runner resume \(runner.name)"
        case .draining: return "draining: takes no more"
        case .active, .removed: break
        }
        if demand.needs.gpus > 0, !hasGPUs { return gpuWords }
        if member.attempts.count >= runner.offer.slots { return "busy: \(Self.holders(member.attempts, now: now))" }
        return "may take it"
    }

    /// How its GPUs are taken.
    private var gpuWords: String {
        var words: [String] = []
        if freeGPUs > 0 { words.append("\(freeGPUs) free") }
        for gpu in large {
            let place = "\(runner.name):\(gpu.gpu.index)"
            if let reason = gpu.setAside {
                let since = gpu.setAsideAt.map { " for \((now - $0).text)" } ?? ""
                words.append("\(place) set aside\(since), \(reason)")
            } else if case .foreign(let holder) = gpu.gpu.condition {
                words.append("\(place) left alone, \(holder)")
            }
        }
        let holders = large.compactMap { member.holder(of: $0) }
        if !holders.isEmpty {
            let unique = member.attempts.filter { attempt in holders.contains { $0.key == attempt.key } }
            words.append("\(holders.count) busy: \(Self.holders(unique, now: now))")
        }
        return words.joined(separator: "; ")
    }

    private static func holders(_ attempts: [LiveAttempt], now: Timestamp) -> String {
        let shown = attempts.prefix(2).map { attempt in
            let author = attempt.author.map { " (\($0))" } ?? ""
            return "\(attempt.pipeline)/\(attempt.job)\(author), \((now - attempt.since).text) so far"
        }
        let more = attempts.count > 2 ? ["\(attempts.count - 2) more"] : []
        return (shown + more).joined(separator: "; ")
    }
}

extension StoredRunner {
    /// Its machine in a few words: its GPUs by model and memory, or how many jobs it carries out at once.
    var machineText: String {
        let kinds = Dictionary(grouping: gpus) { "\($0.gpu.shortModel) \($0.gpu.memory.memoryText)" }
        guard !kinds.isEmpty else { return "\(offer.slots) at once" }
        return kinds.map { "\($0.value.count) × \($0.key)" }.sorted().joined(separator: ", ")
    }
}

extension GPU {
    /// The model without what all of a vendor's have in common.
    var shortModel: String {
        var words = model.split(separator: " ").map(String.init)
        words.removeAll { $0 == "NVIDIA" || $0 == "Tesla" || $0 == "GeForce" }
        return words.first.map { String($0.split(separator: "-").first ?? "") } ?? "GPU"
    }
}

extension StoredAttempt {
    /// The places of its GPUs, as they stand behind its runner's name: `:0` or `:0,1`; empty where it has none.
    var gpuText: String {
        gpus.isEmpty ? "" : ":" + gpus.map { String($0.index) }.joined(separator: ",")
    }
}
