/// What the pipeline file means for one event: jobs, their order, their resolved settings.
///
/// A stored value: a runner needs no parser, and a stored plan outlives a change of the parser.
public struct Plan: Hashable, Codable, Sendable {
    /// The pipeline's own name (`workflow:name`), expanded; nil where the file gives none.
    public var name: String?
    /// The stages that have jobs or were declared, in order, with `.pre` first and `.post` last.
    public var stages: [String]
    /// The jobs in the order of their stages, and within a stage in the order of the file.
    public var jobs: [PlannedJob]
    /// Variables of the pipeline (global ones and those of `workflow:rules`), unexpanded. Jobs carry them already.
    public var variables: [Variable]
    /// What a person should know although the file is accepted.
    public var warnings: [Diagnostic]
    /// What a newer pipeline of the branch does to this one; nil where the file does not say, which is `conservative`.
    public var onNewCommit: OnNewCommit?
    /// Names of variables that a person gave for this pipeline, which win over all others; nil for none.
    public var given: [String]?
    /// What its gates stand on; nil where it has none and the target branch has none.
    public var ground: GateGround?

    /// What `auto_cancel: on_new_commit` says.
    public enum OnNewCommit: String, Codable, Sendable, CaseIterable {
        /// It is stopped, unless a job has started that is not interruptible.
        case conservative
        /// Its interruptible jobs are stopped.
        case interruptible
        /// Nothing.
        case none
    }

    /// Collects a plan.
    public init(
        name: String? = nil, stages: [String], jobs: [PlannedJob], variables: [Variable] = [],
        warnings: [Diagnostic] = []
    ) {
        self.name = name
        self.stages = stages
        self.jobs = jobs
        self.variables = variables
        self.warnings = warnings
    }

    /// The job of that name, if the plan has one.
    public func job(named name: String) -> PlannedJob? { jobs.first { $0.name == name } }
}
