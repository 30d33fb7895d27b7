/// Puts a job for each seed in the place of every job with `ml: seeds`, and joins them: seed 3 of a job that needs another
/// with seeds gets what seed 3 of that one made. Any other job waits for all seeds and gets what the declared one made,
/// never the best.
public struct SeedExpansion: Sendable {
    /// The seed whose artifacts go to jobs without seeds. It is declared beforehand, so that nobody can choose by result.
    public static let shipped = 1
    /// How many seeds a job may have.
    public static let limit = 100

    private let jobs: [PlannedJob]
    private let stageOrder: [String: Int]
    private let seeds: [String: Int]

    /// Takes the jobs of a plan, in its order.
    public init(_ jobs: [PlannedJob], stages: [String]) {
        self.jobs = jobs
        stageOrder = Dictionary(stages.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        seeds = Dictionary(
            jobs.compactMap { job in job.ml?.seeds.map { (job.name, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// A job with more seeds than one that it needs, which then lacks some.
    public struct Mismatch: Hashable, Sendable {
        /// The job, and how many seeds it has.
        public var job: String, seeds: Int
        /// What it needs, and how many seeds that has.
        public var needed: String, neededSeeds: Int
    }

    /// The first job whose seeds cannot be joined; nil where all can.
    public var mismatch: Mismatch? {
        for job in jobs {
            guard let own = seeds[job.name] else { continue }
            for need in (job.needs?.map(\.job) ?? []) + (job.dependencies ?? []) {
                if let other = seeds[need], other < own {
                    return Mismatch(job: job.name, seeds: own, needed: need, neededSeeds: other)
                }
            }
        }
        return nil
    }

    /// How many jobs there will be.
    public var count: Int { jobs.reduce(0) { $0 + (seeds[$1.name] ?? 1) } }

    /// The jobs, each with a name of its own.
    public func expanded() -> [PlannedJob] {
        if seeds.isEmpty { return jobs }
        return jobs.flatMap { job -> [PlannedJob] in
            guard let total = seeds[job.name] else { return [joined(job, seed: nil)] }
            return (1...total).map { number in
                var one = joined(job, seed: number)
                one.seed = PlannedJob.Seed(node: job.name, number: number)
                one.name = Self.name(of: job.name, seed: number, of: total)
                return one
            }
        }
    }

    /// What the job for a seed is called. A single one keeps its name.
    static func name(of node: String, seed: Int, of total: Int) -> String {
        total == 1 ? node : "\(node) seed \(seed)"
    }

    private func joined(_ job: PlannedJob, seed: Int?) -> PlannedJob {
        var joined = job
        joined.needs = job.needs?.flatMap { need -> [PlannedJob.Need] in
            guard let total = seeds[need.job] else { return [need] }
            let wanted = seed.map { $0...$0 } ?? 1...total
            return wanted.map { number in
                var one = need
                one.job = Self.name(of: need.job, seed: number, of: total)
                one.artifacts = need.artifacts && (seed != nil || number == Self.shipped)
                return one
            }
        }
        joined.dependencies = (job.dependencies ?? implied(of: job))?.map { name in
            guard let total = seeds[name] else { return name }
            return Self.name(of: name, seed: min(seed ?? Self.shipped, total), of: total)
        }
        return joined
    }

    /// The jobs whose artifacts a job gets by its stage, where they cannot simply be all earlier ones.
    private func implied(of job: PlannedJob) -> [String]? {
        guard job.needs == nil, let stage = stageOrder[job.stage] else { return nil }
        let earlier = jobs.map { ($0.name, stageOrder[$0.stage] ?? 0) }.filter { $0.1 < stage }.map(\.0)
        return earlier.contains { seeds[$0] ?? 1 > 1 } ? earlier : nil
    }
}

extension PlannedJob {
    /// Which run of a job with seeds it is.
    public struct Seed: Hashable, Codable, Sendable {
        /// The job's name in the pipeline file: all its seeds are one node of the pipeline.
        public var node: String
        /// The seed, from 1.
        public var number: Int

        /// Names a seed of a node.
        public init(node: String, number: Int) {
            self.node = node
            self.number = number
        }
    }

    /// The node of the pipeline that it belongs to: itself, but for the seeds of one job.
    public var node: String { seed?.node ?? name }
}
