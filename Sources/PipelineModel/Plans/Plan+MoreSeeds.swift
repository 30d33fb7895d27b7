extension Plan {
    /// Why seeds cannot be added.
    public enum SeedRefusal: Error, Hashable, Sendable {
        /// The plan judges nothing, or nothing that has to do with the node named.
        case notJudged(node: String?)
        /// What is judged has no seeds: run again, it would say the same.
        case noSeeds(node: String)
        /// There would be more than a job may have.
        case tooMany(node: String)
    }

    /// Jobs that a plan gets.
    public struct MoreSeeds: Hashable, Sendable {
        /// The plan with them: the new jobs stand after the old ones, which keep their places.
        public var plan: Plan
        /// The nodes that are judged, whose old seeds wait for the new ones.
        public var judged: [String]
        /// How many jobs are new.
        public var count: Int
    }

    /// Adds seeds to what gates judge, and to the jobs with seeds that it needs, seed by seed.
    /// - Parameters:
    ///   - count: how many more there are to be.
    ///   - node: a node that is judged, or that something judged needs; nil for all that are judged.
    public func adding(seeds count: Int, to node: String?) throws(SeedRefusal) -> MoreSeeds {
        let judged = gatedNodes.filter { node == nil || $0 == node || seededNeeds(of: $0).contains(node ?? "") }
        guard !judged.isEmpty else { throw .notJudged(node: node) }
        var wanted: [String: Int] = [:]
        for gated in judged {
            guard let most = seeds(of: gated) else { throw .noSeeds(node: gated) }
            for member in seededNeeds(of: gated).union([gated]) {
                wanted[member] = max(wanted[member] ?? 0, most + count)
            }
        }
        var plan = self
        for member in nodesInOrder {
            guard let total = wanted[member], let present = seeds(of: member), present < total,
                let pattern = jobs.first(where: { $0.seed?.node == member && $0.seed?.number == SeedExpansion.shipped })
            else { continue }
            guard total <= SeedExpansion.limit else { throw .tooMany(node: member) }
            let made = (present + 1...total).map { seeded(pattern, $0, among: wanted) }
            plan.jobs += made
            plan.join(made, to: member)
        }
        return MoreSeeds(plan: plan, judged: judged, count: plan.jobs.count - jobs.count)
    }

    private var nodesInOrder: [String] {
        var known: Set<String> = []
        return jobs.map(\.node).filter { known.insert($0).inserted }
    }

    /// The highest seed of a node; nil where it has none.
    private func seeds(of node: String) -> Int? {
        jobs.compactMap { $0.seed?.node == node ? $0.seed?.number : nil }.max()
    }

    /// The nodes with seeds that a node needs, directly or through others of them.
    private func seededNeeds(of node: String) -> Set<String> {
        var found: Set<String> = []
        var open = [node]
        while let next = open.popLast() {
            for job in jobs where job.node == next {
                for name in (job.needs?.map(\.job) ?? []) + (job.dependencies ?? []) {
                    guard let needed = self.job(named: name)?.seed?.node, needed != node else { continue }
                    if found.insert(needed).inserted { open.append(needed) }
                }
            }
        }
        return found
    }

    /// A job for a further seed, after the pattern of the first.
    private func seeded(_ pattern: PlannedJob, _ number: Int, among wanted: [String: Int]) -> PlannedJob {
        func renamed(_ name: String) -> String {
            guard let seed = self.job(named: name)?.seed, seed.number == pattern.seed?.number, wanted[seed.node] != nil
            else {
                return name
            }
            return SeedExpansion.name(of: seed.node, seed: number, of: number)
        }
        var job = pattern
        job.seed?.number = number
        job.name = SeedExpansion.name(of: pattern.node, seed: number, of: number)
        job.needs = pattern.needs?.map { need in
            var need = need
            need.job = renamed(need.job)
            return need
        }
        job.dependencies = pattern.dependencies?.map(renamed)
        return job
    }

    /// Makes every job without seeds that needs a node wait for its new ones too. It gets the artifacts of the declared
    /// seed, as before.
    private mutating func join(_ made: [PlannedJob], to node: String) {
        for index in jobs.indices where jobs[index].seed == nil {
            guard let need = jobs[index].needs?.first(where: { job(named: $0.job)?.seed?.node == node }) else {
                continue
            }
            jobs[index].needs? += made.map { one in
                var further = need
                further.job = one.name
                further.artifacts = false
                return further
            }
        }
    }
}
