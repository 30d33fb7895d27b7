/// Where a pipeline and its jobs are at one moment.
public struct PipelineSnapshot: Hashable, Sendable {
    /// Where the pipeline is.
    public var state: PipelineState
    /// Its jobs, in the plan's order.
    public var jobs: [JobSnapshot]
    /// Why it was not planned, or who stopped it, in words; nil where the jobs tell it.
    public var reason: String?
    /// How long it has taken, where it has ended.
    public var duration: Duration?
    /// What its gates say; nil where nobody waits for that.
    public var gate: GateSnapshot?

    /// Describes a moment.
    public init(state: PipelineState, jobs: [JobSnapshot], reason: String? = nil, duration: Duration? = nil) {
        self.state = state
        self.jobs = jobs
        self.reason = reason
        self.duration = duration
    }
}

/// Where a job is at one moment.
public struct JobSnapshot: Hashable, Sendable {
    /// The job's name.
    public var name: String
    /// Where it is.
    public var state: JobState
    /// Whether only a person starts it, and nobody has yet.
    public var awaitsPlay: Bool
    /// Why it failed, where it did.
    public var failure: Failure?
    /// For a job that was not run, the job whose end is the reason.
    public var because: String?
    /// What the log ended with, where it ended.
    public var summary: String?
    /// How long it took, where it ran.
    public var duration: Duration?

    /// Describes a job's moment.
    public init(
        name: String, state: JobState, awaitsPlay: Bool = false, failure: Failure? = nil, because: String? = nil,
        summary: String? = nil, duration: Duration? = nil
    ) {
        self.name = name
        self.state = state
        self.awaitsPlay = awaitsPlay
        self.failure = failure
        self.because = because
        self.summary = summary
        self.duration = duration
    }
}

extension JobSnapshot {
    /// The seeds of one job as the one node that they are: under way until the last has ended, and no better than the
    /// worst of them.
    public init(joining seeds: [JobSnapshot], as node: String) {
        func first(_ states: JobState...) -> JobSnapshot? { seeds.first { states.contains($0.state) } }
        let decisive =
            first(.proving, .ready, .running, .judging) ?? first(.waiting) ?? first(.manual) ?? first(.failed)
            ?? first(.cancelled) ?? first(.notRun) ?? first(.failedAllowed) ?? first(.passed) ?? seeds.first
        self.init(name: node, state: decisive?.state ?? .waiting)
        awaitsPlay = decisive?.awaitsPlay ?? false
        because = decisive?.because
        failure = decisive?.failure
        if let decisive, let one = decisive.failure, one.class != .gate {
            failure?.message = "\(decisive.name.dropFirst(node.count + 1)): \(one.message)"
        }
        let proved = seeds.count { $0.state == .proved }
        let words = "\(seeds.count) seeds" + (proved > 0 ? ", \(proved) of them proved" : "")
        summary = state == .passed ? words : decisive?.summary
        duration = seeds.compactMap(\.duration).max()
    }
}

/// What the gates of a pipeline say at one moment, all of them together.
public enum GateSnapshot: Hashable, Sendable {
    /// Not all of them have been judged.
    case pending
    /// None of them blocks; in words.
    case open(String)
    /// One of them blocks; in words.
    case closed(String)
    /// There is no verdict, and there will be none: what is to be judged did not pass.
    case none(String)
}
