import PipelineModel

/// A pipeline in the hands of one transaction: read whole, changed in memory, settled and written back with what forges
/// are owed for the step.
///
/// Every change of a job's or a pipeline's state but the hand-out goes this way, so that dependants, the pipeline's own
/// state and the owed statuses can never disagree with it.
struct PipelineChange {
    /// The pipeline's row.
    private(set) var pipeline: StoredPipeline
    /// What is carried out.
    private(set) var plan: Plan
    /// The jobs in the plan's order.
    private(set) var jobs: [JobRow]

    private var answers: GateAnswers
    private let before: PipelineSnapshot?
    private var rowsBefore: [JobRow]
    private let pipelineBefore: StoredPipeline?

    /// Reads a pipeline.
    /// - Throws: `StoreError.notFound` where there is none, `corrupt` where its plan cannot be read.
    init(_ id: PipelineID, on connection: any DatabaseConnection) throws {
        let row = try connection.row("SELECT \(StoredPipeline.columns), plan FROM pipeline WHERE id = $1", id)
        guard let row else { throw StoreError(.notFound, message: "There is no pipeline #\(id).") }
        let pipeline = try StoredPipeline(row: row)
        let plan = try row.optionalJSON("plan", Plan.self) ?? Plan(stages: [], jobs: [])
        let jobs = try connection.rows("SELECT \(JobRow.columns) FROM job WHERE pipeline = $1 ORDER BY position", id)
            .map(JobRow.init(row:))
        guard plan.jobs.map(\.name) == jobs.map(\.name) else {
            throw StoreError(
                .corrupt,
                message: "The plan of #\(id) does not name the jobs that are stored for it. "
                    + "Restore a backup, or run its commit again with `pawl run`.")
        }
        self.pipeline = pipeline
        self.plan = plan
        self.jobs = jobs
        rowsBefore = jobs
        pipelineBefore = pipeline
        answers = try GateAnswers(of: pipeline, plan: plan, on: connection)
        before = Self.snapshot(of: pipeline, plan: plan, jobs: jobs, answers)
    }

    /// Takes a pipeline that this transaction has made: nothing is known of it before.
    init(made pipeline: StoredPipeline, plan: Plan, jobs: [JobRow], on connection: any DatabaseConnection) throws {
        self.pipeline = pipeline
        self.plan = plan
        self.jobs = jobs
        rowsBefore = jobs
        pipelineBefore = nil
        answers = try GateAnswers(of: pipeline, plan: plan, on: connection)
        before = nil
    }

    /// Where a job stands in the plan's order.
    func index(of job: JobID) throws -> Int {
        guard let index = jobs.firstIndex(where: { $0.id == job }) else {
            throw StoreError(.notFound, message: "There is no job \(job) in #\(pipeline.id).")
        }
        return index
    }

    /// Changes one job.
    mutating func update(_ index: Int, _ change: (inout JobRow) -> Void) { change(&jobs[index]) }

    /// Takes jobs that this transaction has added after the others.
    mutating func extend(to plan: Plan, with added: [JobRow]) {
        self.plan = plan
        jobs += added
        rowsBefore += added
    }

    /// Takes what a gate has answered in this transaction.
    mutating func noteAnswer(of node: String, isBlocking: Bool, _ words: String) {
        answers.note(node, isBlocking: isBlocking, words)
    }

    /// Takes a person's word that the change is to pass.
    mutating func noteOverride(_ override: GateOverride) { answers.note(override) }

    /// Says why the pipeline as a whole was stopped; nil takes it back.
    mutating func setReason(_ reason: String?) { pipeline.reason = reason }

    /// Lets a held pipeline go on, or stops it for good.
    mutating func release(to state: PipelineState, approvedBy: String? = nil) {
        pipeline.state = state
        pipeline.approvedBy = approvedBy ?? pipeline.approvedBy
    }

    /// How the jobs' states bear on each other.
    var progress: PipelineProgress {
        var standings: [String: PipelineProgress.Standing] = [:]
        for job in jobs {
            standings[job.name] = PipelineProgress.Standing(
                job.state, failure: job.failure?.class, isPlayed: job.isPlayed)
        }
        return PipelineProgress(plan: plan, standings: standings)
    }

    /// Moves on every job that others held up, and works out where the pipeline is.
    mutating func settle(now: Timestamp) {
        switch pipeline.state {
        case .held, .notPlanned: return
        case .empty, .running, .manual, .passed, .failed, .system, .cancelled: break
        }
        var progress = progress
        for transition in progress.settle() {
            guard let index = jobs.firstIndex(where: { $0.name == transition.job }) else { continue }
            switch transition.state {
            case .ready where plan.jobs[index].isProvable: jobs[index].state = .proving
            case .ready:
                let delay = jobs[index].isPlayed ? nil : plan.jobs[index].startIn
                jobs[index].makeReady(at: now + (delay ?? .zero))
            case .notRun:
                jobs[index].end(as: .notRun, now: now)
                jobs[index].because = transition.because
            default: jobs[index].state = transition.state
            }
        }
        pipeline.state = progress.pipelineState
        // Stopped as a whole, with nothing but jobs that may fail stopped: it has not passed.
        if pipeline.state == .passed, pipeline.reason != nil, jobs.contains(where: { $0.state == .cancelled }) {
            pipeline.state = .cancelled
        }
        pipeline.finishedAt = pipeline.state.isEnded ? pipeline.finishedAt ?? now : nil
    }

    /// Settles, writes what has changed, and puts what is owed for the step into the outbox.
    mutating func save(
        on connection: any DatabaseConnection, settings: StoreSettings, _ consequences: inout Consequences,
        now: Timestamp
    ) throws {
        settle(now: now)
        for (old, new) in zip(rowsBefore, jobs) where old != new {
            try new.save(on: connection)
            // Others may wait for what this one had: its turn, its devices, its place under a limit.
            let makesRoom = old.state.isActive && !new.state.isActive
            if new.state == .ready || makesRoom { consequences.readiesJobs = true }
            // A person made it begin anew: it does not go on from what it had.
            if old.state.isEnded && !new.state.isEnded { try Store.forgetCheckpoint(of: new.id, on: connection) }
        }
        // The end of a baseline is what pull requests wait for.
        let isBaseline = pipeline.source == .baseline && pipeline.state != .running
        if isBaseline || jobs.contains(where: { $0.state == .judging }) { consequences.readiesJudging = true }
        if jobs.contains(where: { $0.state == .proving }) { consequences.readiesProving = true }
        if pipeline != pipelineBefore { try pipeline.save(on: connection) }
        try oweStatuses(on: connection, settings: settings, &consequences, now: now)
    }

    private func oweStatuses(
        on connection: any DatabaseConnection, settings: StoreSettings, _ consequences: inout Consequences,
        now: Timestamp
    ) throws {
        let repository = try StoredRepository.find(pipeline.repository, on: connection)
        let statusPlan = StatusPlan(
            commit: pipeline.commit, ref: pipeline.ref, source: pipeline.source.rawValue,
            jobLimit: repository.settings.statusJobLimit ?? settings.statusJobLimit,
            pipelineURL: settings.pipelineURL(pipeline.id))
        let after = Self.snapshot(of: pipeline, plan: plan, jobs: jobs, answers)
        if before != after, pipeline.pullRequest != nil {
            try OwedReport.owe(for: pipeline, on: connection, now: now)
            consequences.owesMessages = true
        }
        for status in statusPlan.statuses(before: before, after: after) {
            try OwedMessage.owe(status, for: pipeline, on: connection, now: now)
            consequences.owesMessages = true
        }
    }

    private static func snapshot(
        of pipeline: StoredPipeline, plan: Plan, jobs: [JobRow], _ answers: GateAnswers
    ) -> PipelineSnapshot {
        let moments = zip(plan.jobs, jobs).map { planned, job in
            JobSnapshot(
                name: job.name, state: job.state, awaitsPlay: planned.when == .manual && !job.isPlayed,
                failure: job.failure, because: job.because.map { plan.job(named: $0)?.node ?? $0 },
                summary: job.summary, duration: duration(from: job.startedAt, to: job.finishedAt))
        }
        var snapshot = PipelineSnapshot(
            state: pipeline.state, jobs: nodes(of: plan, moments), reason: pipeline.reason,
            duration: duration(from: pipeline.createdAt, to: pipeline.finishedAt))
        snapshot.gate = answers.snapshot(of: plan, jobs, in: pipeline.state)
        return snapshot
    }

    /// The moments with those of a job's seeds joined, in the plan's order.
    private static func nodes(of plan: Plan, _ moments: [JobSnapshot]) -> [JobSnapshot] {
        guard plan.jobs.contains(where: { $0.name != $0.node }) else { return moments }
        let seeds = Dictionary(grouping: zip(plan.jobs, moments).map { ($0.node, $1) }, by: \.0)
        var done: Set<String> = []
        return plan.jobs.compactMap { job in
            guard done.insert(job.node).inserted, let parts = seeds[job.node]?.map(\.1) else { return nil }
            return job.name == job.node && parts.count == 1 ? parts[0] : JobSnapshot(joining: parts, as: job.node)
        }
    }

    /// The time between two moments where both are known; the wall clock may have been set back meanwhile.
    private static func duration(from start: Timestamp?, to end: Timestamp?) -> Duration? {
        guard let start, let end else { return nil }
        return max(end - start, .zero)
    }
}
