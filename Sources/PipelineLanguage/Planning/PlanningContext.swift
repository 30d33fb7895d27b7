import PipelineModel

/// What a pipeline is created for: everything about the event that the meaning of a pipeline file depends on.
public struct PlanningContext: Sendable {
    /// What kind of ref the pipeline is for.
    public enum RefKind: String, Hashable, Codable, Sendable {
        case branch, tag
        /// A pull request; GitLab's word, which its rules use.
        case mergeRequest = "merge_request"
    }

    /// The short name of the ref, such as `main` or `v1.2`.
    public var ref: String
    /// What kind of ref it is.
    public var refKind: RefKind
    /// The repository's default branch.
    public var defaultBranch: String
    /// GitLab's word for what made the pipeline: `push`, `merge_request_event`, `web`, `api`, `schedule`, …
    public var source: String
    /// Variables known when the pipeline is planned, of lowest precedence: `PredefinedVariables.pipeline`.
    public var predefined: [Variable]
    /// Variables of the repository's settings. They beat those of the pipeline file.
    public var projectVariables: [Variable]
    /// Variables given by whoever started the pipeline. They beat all others.
    public var pipelineVariables: [Variable]
    /// Paths that the event changed; nil where there is no base to compare with, and then `rules:changes` holds.
    public var changedFiles: [String]?
    /// Every path of the repository at the commit, for `rules:exists` and globs in `include`.
    public var tree: [String]

    /// Describes what a pipeline is created for.
    public init(
        ref: String, refKind: RefKind, defaultBranch: String, source: String, predefined: [Variable] = [],
        projectVariables: [Variable] = [], pipelineVariables: [Variable] = [], changedFiles: [String]? = nil,
        tree: [String] = []
    ) {
        self.ref = ref
        self.refKind = refKind
        self.defaultBranch = defaultBranch
        self.source = source
        self.predefined = predefined
        self.projectVariables = projectVariables
        self.pipelineVariables = pipelineVariables
        self.changedFiles = changedFiles
        self.tree = tree
    }

    /// All variables a job sees besides those of its attempt, in ascending precedence: predefined, the job's (which
    /// carries the file's), the repository's, and those of whoever started the pipeline.
    public func variables(for job: PlannedJob) -> [Variable] {
        layered(over: [PredefinedVariables.planned(job: job)], job.variables)
    }

    /// Variables in ascending precedence with those of the file in the place they have.
    func layered(over known: [[Variable]] = [], _ ofFile: [Variable]) -> [Variable] {
        basics + predefined + known.flatMap { $0 } + ofFile + projectVariables + pipelineVariables
    }

    /// What rules ask for most, so that a context without predefined variables still has it.
    private var basics: [Variable] {
        var result = [
            Variable("CI_COMMIT_REF_NAME", ref, expands: false),
            Variable("CI_COMMIT_REF_SLUG", Slug.reference(ref), expands: false),
            Variable("CI_DEFAULT_BRANCH", defaultBranch, expands: false),
            Variable("CI_PIPELINE_SOURCE", source, expands: false),
        ]
        switch refKind {
        case .branch: result.append(Variable("CI_COMMIT_BRANCH", ref, expands: false))
        case .tag: result.append(Variable("CI_COMMIT_TAG", ref, expands: false))
        case .mergeRequest: break
        }
        return result
    }
}
