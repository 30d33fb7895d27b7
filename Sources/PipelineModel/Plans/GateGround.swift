/// What a plan's gates stand on: whose rules they are, and which commits the results to compare with may be of. It is worked
/// out with the plan, from git, so that judging needs nothing but the store.
public struct GateGround: Hashable, Codable, Sendable {
    /// The branch whose results count: that which a pull request goes to, else the default branch.
    public var target: String
    /// Commits whose results may be compared with, the nearest first: those before the commit on the target branch.
    public var ancestors: [String]
    /// The commit whose rules are used; nil where they are the commit's own.
    public var rulesCommit: String?
    /// How the commit's own rules differ from those, in words.
    public var changes: [String]
    /// The gates of those rules, which the plan must not do without.
    public var required: [Requirement]

    /// A gate that must be judged.
    public struct Requirement: Hashable, Codable, Sendable {
        /// The node that has it.
        public var node: String
        /// How many seeds it needs at least.
        public var seeds: Int

        /// Names a gate.
        public init(node: String, seeds: Int) {
            self.node = node
            self.seeds = seeds
        }
    }

    /// How many commits are kept.
    public static let ancestorLimit = 200

    /// Stands on a branch's commits.
    public init(target: String, ancestors: [String] = []) {
        self.target = target
        self.ancestors = Array(ancestors.prefix(Self.ancestorLimit))
        changes = []
        required = []
    }
}

extension Plan {
    /// The nodes whose metrics are judged, in the plan's order.
    public var gatedNodes: [String] {
        var nodes: [String] = []
        for job in jobs where job.isGated && !nodes.contains(job.node) { nodes.append(job.node) }
        return nodes
    }

    /// Gates that the target branch asks for and that this plan does not have.
    public var missingGates: [String] { (ground?.required ?? []).map(\.node).filter { !gatedNodes.contains($0) } }

    /// Puts the target branch's rules in the place of the plan's own: who writes a change does not write what it is
    /// judged by. A gate on a job that has none there is the plan's own.
    /// - Parameter target: what the target branch's pipeline file means for the same event.
    public mutating func lay(gatesOf target: Plan) {
        var ground = ground ?? GateGround(target: "")
        for node in target.gatedNodes {
            guard let theirs = target.jobs.first(where: { $0.node == node }) else { continue }
            let seeds = target.jobs.count { $0.node == node }
            ground.required.append(.init(node: node, seeds: seeds))
            let indices = jobs.indices.filter { jobs[$0].node == node }
            guard let first = indices.first else {
                ground.changes.append("\(node) and its gate are gone")
                continue
            }
            ground.changes += Self.changes(of: node, from: theirs.ml, to: jobs[first].ml)
            if indices.count < seeds { ground.changes.append("\(node): \(seeds) → \(indices.count) seeds") }
            if jobs[first].allowFailure != theirs.allowFailure { ground.changes.append("\(node): whether it may fail") }
            if jobs[first].retry != theirs.retry { ground.changes.append("\(node): how often it is tried again") }
            for index in indices {
                // Who may fail, or try until a number is lucky, gets past a gate as well.
                jobs[index].allowFailure = theirs.allowFailure
                jobs[index].retry = theirs.retry
                var ml = jobs[index].ml ?? MLSettings()
                ml.gate = theirs.ml?.gate ?? []
                ml.judge = theirs.ml?.judge
                jobs[index].ml = ml
            }
        }
        self.ground = ground
    }

    private static func changes(of node: String, from theirs: MLSettings?, to own: MLSettings?) -> [String] {
        var changes: [String] = []
        let rules = own?.gate ?? []
        for rule in theirs?.gate ?? [] {
            guard let mine = rules.first(where: { $0.metric == rule.metric }) else {
                changes.append("\(node): \(rule.metric) is not judged any more")
                continue
            }
            if mine != rule { changes.append("\(node): \(rule.metric) \(rule.words) → \(mine.words)") }
        }
        for rule in rules where !(theirs?.gate.contains { $0.metric == rule.metric } ?? false) {
            changes.append("\(node): \(rule.metric) is new (\(rule.words))")
        }
        if own?.judge != theirs?.judge { changes.append("\(node): how it is judged") }
        return changes
    }
}

extension PlannedJob {
    /// Whether its metrics are judged when it has passed.
    public var isGated: Bool { ml?.gate.isEmpty == false }
}

extension GateRule {
    /// The rule in a few words, as `higher, 0.002 allowed, max 40`.
    public var words: String {
        var parts = [want.rawValue]
        switch tolerance {
        case .absolute(let amount): parts.append("\(amount) allowed")
        case .relative(let share): parts.append("\(share * 100) % allowed")
        case nil: break
        }
        if let min { parts.append("min \(min)") }
        if let max { parts.append("max \(max)") }
        if let ratchet { parts.append("ratchet \(ratchet)") }
        if let baseline { parts.append("against \(baseline)") }
        return parts.joined(separator: ", ")
    }
}
