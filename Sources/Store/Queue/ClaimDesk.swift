import PipelineModel

/// Chooses the next job for a runner within one transaction: what the runner has left, what others have, what waits.
struct ClaimDesk {
    /// How long a job waits for several GPUs of a runner before younger ones may not take them from under it.
    static let patience = Duration.minutes(10)
    /// How long a job whose GPU failed waits for another one before it takes the same again.
    static let detour = Duration.minutes(2)
    /// No job is made to wait longer than this: what seems to be was put there before the clock was set back.
    private static let longestWait = Duration.minutes(2)

    let runner: StoredRunner
    private let offer: RunnerOffer
    private let load: RunnerLoad
    private let shares: Shares
    /// Repositories that get no GPU any more this month; looked up only for a runner that has any.
    private let spentBudgets: Set<RepositoryID>
    private let cache: NeedsCache
    private let connection: any DatabaseConnection
    private let now: Timestamp

    /// Looks at a runner; nil where it takes nothing now.
    init?(
        for id: RunnerID, needs cache: NeedsCache, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        runner = try StoredRunner.find(id, on: connection)
        guard runner.standing == .active else { return nil }
        load = try RunnerLoad(of: runner, on: connection)
        guard load.jobs < (runner.isEphemeral ? 1 : runner.offer.slots) else { return nil }
        guard try !runner.hasHadItsJob(on: connection) else { return nil }
        offer = runner.offer
        shares = try Shares(on: connection)
        spentBudgets = offer.inventory.gpus.isEmpty ? [] : try GPUBudget.spent(on: connection, now: now)
        self.cache = cache
        self.connection = connection
        self.now = now
    }

    /// A job that is ready, and the lane it stands first in.
    struct Candidate {
        var lane: Lane
        var job: JobID
        var priority: Int
        var readyAt: Timestamp
        /// GPUs that failed under it.
        var avoided: Set<String> = []
    }

    /// The job that the runner is to have next: those that a person waits for come first, then those of the repository
    /// that has the fewest running, then those that have waited longest.
    func next() throws -> Candidate? {
        let rows = try connection.rows(
            Self.firstOfLanes(in: connection.dialect), now, now + Self.longestWait,
            try jsonText(shares.fullPipelines.map(\.rawValue)))
        var candidates: [Candidate] = []
        var patient: Candidate?
        for row in rows {
            var candidate = Candidate(
                lane: try Lane(row: row, needs: cache), job: try row.id("job"), priority: try row.int("priority"),
                readyAt: try row.time("ready_at"))
            let demand = candidate.lane.demand
            guard !shares.isFull(demand.repository), offer.obstacles(to: demand).isEmpty else { continue }
            if demand.needs.gpus > 0, spentBudgets.contains(demand.repository) { continue }
            if demand.needs.gpus > 0 { candidate.avoided = try failedGPUs(of: candidate.job) }
            let mayTakeAgain = now - candidate.readyAt >= Self.detour
            if load.hasRoom(for: demand.needs, avoiding: mayTakeAgain ? [] : candidate.avoided) {
                candidates.append(candidate)
            } else if demand.needs.gpus > 1, now - candidate.readyAt >= Self.patience {
                if patient.map({ isBefore(candidate, $0) }) ?? true { patient = candidate }
            }
        }
        if let patient { candidates.removeAll { $0.lane.demand.needs.gpus > 0 && isBefore(patient, $0) } }
        return candidates.min(by: isBefore)
    }

    private func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
        let (leftShare, rightShare) = (shares.running(left.lane.demand), shares.running(right.lane.demand))
        return (left.priority, leftShare, left.readyAt, left.job) < (
            right.priority, rightShare, right.readyAt, right.job
        )
    }

    /// The GPUs for a candidate: the smallest that are enough, so that larger ones are left for those who need them, and
    /// one that failed under it only where there is no other.
    func gpus(for candidate: Candidate) -> [StoredGPU] {
        let needs = candidate.lane.demand.needs
        let others = load.gpus(for: needs, avoiding: candidate.avoided)
        return others.count == needs.gpus ? others : load.gpus(for: needs)
    }

    /// The GPUs of a job's attempts that ended because one failed: which of several it was is not known.
    private func failedGPUs(of job: JobID) throws -> Set<String> {
        let rows = try connection.rows(
            "SELECT 'attempt' AS row_table, id, failure, gpus FROM attempt WHERE job = $1 AND state = 'failed'", job)
        return try rows.reduce(into: []) { failed, row in
            guard try row.optionalJSON("failure", Failure.self)?.class == .gpu else { return }
            failed.formUnion(try row.json("gpus", [GrantedGPU].self).map(\.uuid))
        }
    }

    /// The first job of each lane that has one: ready at `$1` (or put there by a clock set back, later than `$2`), not
    /// waiting for another's turn, and of no pipeline in the list `$3`.
    static func firstOfLanes(in dialect: SQLDialect) -> String {
        """
        SELECT \(Lane.columns), next.id AS job, next.priority, next.ready_at
        FROM lane JOIN job AS next ON next.id = (
            SELECT job.id FROM job
            WHERE job.state = 'ready' AND job.lane = lane.id
                AND (job.ready_at <= $1 OR job.ready_at > $2)
                AND (job.waits_for IS NULL OR NOT EXISTS (
                    SELECT 1 FROM job AS other
                    WHERE other.id = job.waits_for AND other.state IN ('running', 'judging')))
                AND job.pipeline NOT IN \(dialect.numbersOfJSON("$3"))
            ORDER BY job.priority, job.ready_at, job.id LIMIT 1)
        """
    }
}

/// What a runner has in hand, and what it has left.
private struct RunnerLoad {
    let jobs: Int
    private let freeCPUs: Double?
    private let freeMemory: Int64?
    private let freeGPUs: [StoredGPU]

    init(of runner: StoredRunner, on connection: any DatabaseConnection) throws {
        let held = try connection.rows(
            "SELECT needs FROM attempt WHERE runner_id = $1 AND state IN ('claimed', 'running')", runner.id
        ).map { try $0.json("needs", MachineNeeds.self) }
        jobs = held.count
        let inventory = runner.offer.inventory
        freeCPUs = inventory.cpus.map { all in held.reduce(all) { $0 - ($1.cpus ?? 0) } }
        freeMemory = inventory.memory.map { all in held.reduce(all.bytes) { $0 - ($1.memory?.bytes ?? 0) } }
        freeGPUs = runner.gpus.filter(\.isFree).sorted { ($0.gpu.memory, $0.gpu.index) < ($1.gpu.memory, $1.gpu.index) }
    }

    func hasRoom(for needs: MachineNeeds, avoiding avoided: Set<String>) -> Bool {
        if let wanted = needs.cpus, let freeCPUs, wanted > freeCPUs { return false }
        if let wanted = needs.memory, let freeMemory, wanted.bytes > freeMemory { return false }
        return gpus(for: needs, avoiding: avoided).count == needs.gpus
    }

    func gpus(for needs: MachineNeeds, avoiding avoided: Set<String> = []) -> [StoredGPU] {
        let least = needs.gpuMemory ?? ByteCount(bytes: 0)
        return Array(freeGPUs.filter { $0.gpu.memory >= least && !avoided.contains($0.gpu.uuid) }.prefix(needs.gpus))
    }
}

/// How many jobs each repository and pipeline has running, and which of them may have no more.
private struct Shares {
    private(set) var fullPipelines: [PipelineID] = []
    private var repositories: [RepositoryID: Int] = [:]
    private var fullRepositories: Set<RepositoryID> = []

    init(on connection: any DatabaseConnection) throws {
        let rows = try connection.rows(
            """
            SELECT 'repository' AS row_table, repository.id, job.pipeline, repository.settings, count(*) AS running
            FROM attempt JOIN job ON job.id = attempt.job JOIN pipeline ON pipeline.id = job.pipeline
                JOIN repository ON repository.id = pipeline.repository
            WHERE attempt.state IN ('claimed', 'running')
            GROUP BY repository.id, job.pipeline, repository.settings
            """)
        for row in rows {
            let repository: RepositoryID = try row.id("id")
            let running = try row.int("running")
            let settings: RepositorySettings = try row.json("settings")
            repositories[repository, default: 0] += running
            if let limit = settings.pipelineJobLimit, running >= limit { fullPipelines.append(try row.id("pipeline")) }
            if let limit = settings.jobLimit, repositories[repository, default: 0] >= limit {
                fullRepositories.insert(repository)
            }
        }
    }

    func running(_ demand: JobDemand) -> Int { repositories[demand.repository] ?? 0 }

    func isFull(_ repository: RepositoryID) -> Bool { fullRepositories.contains(repository) }
}
