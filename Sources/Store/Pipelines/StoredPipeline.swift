import PipelineModel

/// A pipeline without its plan and jobs, as lists show it.
public struct StoredPipeline: Hashable, Sendable {
    /// Its number, shown as `#128`.
    public var id: PipelineID
    /// Whose it is.
    public var repository: RepositoryID
    /// What made it.
    public var source: PipelineSource
    /// The full ref that leads to the commit.
    public var ref: String
    /// The commit to build, in full.
    public var commit: String
    /// The commit before, where there was one.
    public var before: String?
    /// Where the commit is fetched from when it is not in the repository itself.
    public var fetchURL: String?
    /// The pull request's number.
    public var pullRequest: Int64?
    /// The title of the commit or pull request.
    public var title: String?
    /// Who caused it.
    public var author: String?
    /// How far it is trusted.
    public var trust: PipelineTrust
    /// Where it is.
    public var state: PipelineState
    /// Why it was not planned, or who stopped it.
    public var reason: String?
    /// Who approved its commit.
    public var approvedBy: String?
    /// The delivery it came from.
    public var delivery: DeliveryID?
    /// Where its event stands among all events of its repository, however late it was worked on: of two pipelines the one
    /// with the greater number is the newer, and of two with the same one that was made later.
    public var eventOrder: Int64
    /// When it was made.
    public var createdAt: Timestamp
    /// When it ended; nil while it has not.
    public var finishedAt: Timestamp?
}

/// A pipeline with all that is known of it.
public struct PipelineDetail: Sendable {
    /// The pipeline.
    public var pipeline: StoredPipeline
    /// Its repository.
    public var repository: StoredRepository
    /// What is to be carried out; nil where it was not planned.
    public var plan: Plan?
    /// What is wrong with the pipeline file.
    public var diagnostics: [Diagnostic]
    /// Predefined variables of the event.
    public var variables: [Variable]
    /// Its jobs in the plan's order.
    public var jobs: [StoredJob]
    /// What its gates have answered, the newest of each node.
    public var verdicts: [JudgedNode]
    /// Who let it pass all the same; nil where nobody did.
    public var override: GateOverride?
    /// What people asked for in comments on its pull request, the newest last.
    public var answers: [CommentAnswer]

    /// The job of that name, if it has one.
    public func job(named name: String) -> StoredJob? { jobs.first { $0.name == name } }
}

/// A node of a pipeline and what its gate has answered.
public struct JudgedNode: Codable, Hashable, Sendable {
    /// The node.
    public var node: String
    /// The answer.
    public var verdict: Verdict

    /// Names a node's verdict.
    public init(node: String, verdict: Verdict) {
        self.node = node
        self.verdict = verdict
    }
}
