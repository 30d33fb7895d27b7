/// Works out what follows from the states of a plan's jobs: who may start, who will never run, where the pipeline is.
///
/// Pure: states go in, transitions come out, and whoever keeps the states applies them in one transaction.
public struct PipelineProgress: Sendable {
    /// A job's change of state that follows from the others.
    public struct Transition: Hashable, Sendable {
        /// The job's name.
        public var job: String
        /// Where it goes: `ready`, `manual`, `notRun`.
        public var state: JobState
        /// For `notRun`, the job whose end is the reason.
        public var because: String?
    }

    /// What is known of one job besides the plan.
    public struct Standing: Hashable, Sendable {
        /// Where it is.
        public var state: JobState
        /// Why it failed, where it did.
        public var failure: FailureClass?
        /// Whether a person has said `play`, so that a manual job starts as soon as it can.
        public var isPlayed: Bool

        /// Describes where a job is.
        public init(_ state: JobState, failure: FailureClass? = nil, isPlayed: Bool = false) {
            self.state = state
            self.failure = failure
            self.isPlayed = isPlayed
        }
    }

    private let plan: Plan
    private let stageOrder: [String: Int]
    /// Where each job is, by name; `settle()` moves them on.
    public private(set) var standings: [String: Standing]

    /// Takes a plan and where its jobs are. A job without a standing is waiting.
    public init(plan: Plan, standings: [String: Standing]) {
        self.plan = plan
        self.standings = standings
        for job in plan.jobs where standings[job.name] == nil { self.standings[job.name] = Standing(.waiting) }
        stageOrder = Dictionary(
            plan.stages.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// Moves every job on as far as the others' states allow, and says what changed, in the plan's order.
    public mutating func settle() -> [Transition] {
        var transitions: [Transition] = []
        var changed = true
        while changed {
            changed = false
            for job in plan.jobs where standing(job.name).state == .waiting {
                guard let next = decide(job) else { continue }
                standings[job.name]?.state = next.state
                transitions.append(next)
                changed = true
            }
        }
        return transitions
    }

    /// Where the whole pipeline is. Call it after `settle()`.
    public var pipelineState: PipelineState {
        if plan.jobs.isEmpty { return .empty }
        let all = plan.jobs.map { (job: $0, standing: standing($0.name)) }
        if all.contains(where: { $0.standing.state.isActive }) { return .running }
        let failed = all.filter { $0.standing.state == .failed }
        let isStopped = all.contains { $0.standing.state == .cancelled && $0.job.allowFailure != .always }
        let blocking = all.contains { $0.standing.state == .manual && $0.job.allowFailure != .always }
        if failed.isEmpty && !isStopped && blocking { return .manual }
        if failed.isEmpty && !isStopped && all.contains(where: { $0.standing.state == .waiting }) { return .running }
        if failed.contains(where: { !($0.standing.failure?.isOurs ?? false) }) { return .failed }
        if !failed.isEmpty { return .system }
        return isStopped ? .cancelled : .passed
    }

    /// The jobs that wait, directly or through others, for this one; in the plan's order.
    public func dependants(of name: String) -> [String] {
        var reached: Set<String> = [name]
        var changed = true
        while changed {
            changed = false
            for job in plan.jobs where !reached.contains(job.name) {
                if prerequisites(of: job).contains(where: { reached.contains($0) }) {
                    reached.insert(job.name)
                    changed = true
                }
            }
        }
        return plan.jobs.map(\.name).filter { $0 != name && reached.contains($0) }
    }

    /// The jobs that have to end before this one may start, by its needs or by the stages.
    public func prerequisites(of job: PlannedJob) -> [String] {
        if let needs = job.needs { return needs.map(\.job).filter { standings[$0] != nil } }
        let stage = stageOrder[job.stage] ?? 0
        return plan.jobs.filter { (stageOrder[$0.stage] ?? 0) < stage }.map(\.name)
    }

    private func standing(_ name: String) -> Standing { standings[name] ?? Standing(.waiting) }

    private func decide(_ job: PlannedJob) -> Transition? {
        let before = prerequisites(of: job).compactMap { name in plan.job(named: name) }
        var failedOne: String?
        var cancelledOne: String?
        var skippedOne: String?
        for earlier in before {
            switch standing(earlier.name).state {
            case .passed, .proved, .failedAllowed: break
            case .failed: failedOne = failedOne ?? earlier.name
            case .cancelled:
                // A job that may fail may be stopped as well.
                if earlier.allowFailure != .always { cancelledOne = cancelledOne ?? earlier.name }
            case .notRun:
                // With needs, a job that never ran cannot have been right; by stages it is left out of account.
                if job.needs != nil { skippedOne = skippedOne ?? earlier.name }
            case .manual:
                // A manual job that may fail stands in nobody's way: those that need it by name are not run, and the
                // others go on, until a person starts it.
                guard earlier.allowFailure == .always else { return nil }
                if job.needs != nil { skippedOne = skippedOne ?? earlier.name }
            case .waiting, .proving, .ready, .running, .judging: return nil
            }
        }
        switch job.when {
        case .always: return Transition(job: job.name, state: .ready)
        case .onFailure:
            // Where nothing failed, no job is the reason: this one was not needed. A person's stop is no failure. Of
            // needs, one that never ran outweighs one that failed.
            if failedOne != nil && skippedOne == nil { return Transition(job: job.name, state: .ready) }
            return Transition(job: job.name, state: .notRun, because: failedOne == nil ? nil : skippedOne)
        case .onSuccess, .delayed, .manual:
            if let cause = failedOne ?? cancelledOne ?? skippedOne {
                return Transition(job: job.name, state: .notRun, because: cause)
            }
            let starts = job.when != .manual || standing(job.name).isPlayed
            return Transition(job: job.name, state: starts ? .ready : .manual)
        }
    }
}
