import Evaluation
import PipelineModel
import Store

/// A pipeline as lists show it. Times are milliseconds since 1970, here and in every view.
public struct PipelineView: Codable, Hashable, Sendable {
    /// Its number, shown as `#128`.
    public var id: PipelineID
    /// The repository's path, such as `ml/churn`.
    public var repository: String
    /// The forge's section in the settings.
    public var forge: String
    /// What made it.
    public var source: PipelineSource
    /// The full ref that leads to the commit.
    public var ref: String
    /// The commit, in full.
    public var commit: String
    /// The pull request's number.
    public var pullRequest: Int64?
    /// The branch that the pull request goes to, or the repository's own default.
    public var targetBranch: String?
    /// The title of the commit or pull request.
    public var title: String?
    /// Who caused it.
    public var author: String?
    /// Where it is.
    public var state: PipelineState
    /// Why it was not planned, or who stopped it.
    public var reason: String?
    /// Who approved its commit.
    public var approvedBy: String?
    /// Whether its commit comes from another repository.
    public var isFork: Bool
    /// Whether it sees protected secrets.
    public var isProtected: Bool
    /// The delivery it came from.
    public var delivery: DeliveryID?
    /// When it was made.
    public var createdAt: Timestamp
    /// When it ended.
    public var finishedAt: Timestamp?

    /// Shows a stored pipeline.
    public init(_ pipeline: StoredPipeline, of repository: RepositoryReference) {
        id = pipeline.id
        self.repository = repository.name
        forge = repository.forge
        source = pipeline.source
        ref = pipeline.ref
        commit = pipeline.commit
        pullRequest = pipeline.pullRequest
        targetBranch = pipeline.pullRequest == nil ? nil : repository.defaultBranch
        title = pipeline.title
        author = pipeline.author
        state = pipeline.state
        reason = pipeline.reason
        approvedBy = pipeline.approvedBy
        isFork = pipeline.trust.isFork
        isProtected = pipeline.trust.isProtected
        delivery = pipeline.delivery
        createdAt = pipeline.createdAt
        finishedAt = pipeline.finishedAt
    }

    /// The ref as people call it: the branch, the tag, or the pull request's head.
    public var shortRef: String {
        for prefix in ["refs/heads/", "refs/tags/", "refs/"] where ref.hasPrefix(prefix) {
            return String(ref.dropFirst(prefix.count))
        }
        return ref
    }

    /// The commit's first seven digits.
    public var shortCommit: String { String(commit.prefix(7)) }
}

/// A pipeline with its jobs and what is wrong with its file.
public struct PipelineDetailView: Codable, Hashable, Sendable {
    /// The pipeline.
    public var pipeline: PipelineView
    /// Its stages in order; empty where it was not planned.
    public var stages: [String]
    /// Its jobs in the plan's order.
    public var jobs: [JobView]
    /// Mistakes and warnings of the pipeline file.
    public var diagnostics: [Diagnostic]
    /// What its gates have answered, the newest of each node; nil where nothing was judged.
    public var verdicts: [JudgedNode]?
    /// Who let it pass although its gate says no; nil where nobody did.
    public var override: GateOverride?
    /// When this was so, by the server's clock: what runs has run until then.
    public var at: Timestamp

    /// Shows a pipeline at a moment.
    public init(_ detail: PipelineDetail, at now: Timestamp) {
        pipeline = PipelineView(detail.pipeline, of: detail.repository.reference)
        stages = detail.plan?.stages ?? []
        jobs = detail.jobs.map { JobView($0, planned: detail.plan?.job(named: $0.name), plan: detail.plan) }
        diagnostics = detail.diagnostics + (detail.plan?.warnings ?? []).filter { !detail.diagnostics.contains($0) }
        override = detail.override
        verdicts = detail.verdicts.isEmpty ? nil : detail.verdicts
        at = now
    }

    /// The job of that name, if it has one.
    public func job(named name: String) -> JobView? { jobs.first { $0.name == name } }

    /// The jobs by the nodes of the pipeline that they belong to, in the plan's order: the seeds of one job together.
    public var nodes: [Node] {
        var nodes: [Node] = []
        for job in jobs {
            if let seed = job.seed, let index = nodes.firstIndex(where: { $0.name == seed.node }) {
                nodes[index].jobs.append(job)
            } else {
                nodes.append(Node(name: job.seed?.node ?? job.name, jobs: [job]))
            }
        }
        return nodes
    }

    /// A node of the pipeline: a job, or all seeds of one.
    public struct Node: Hashable, Sendable {
        /// What the pipeline file calls it.
        public var name: String
        /// Its jobs; one, or one for each seed.
        public var jobs: [JobView]

        /// What its tests found; of several seeds what the first says whose tests failed, else what the one says that
        /// ships.
        public var findings: Findings? { Findings.ofNode(jobs.map(\.findings)) }

        /// What the tests of several seeds came to, with a comma in front; empty where nothing is known of any.
        public var testWords: String {
            [findings?.tests?.words, findings?.coverageWords].compactMap { $0 }.map { ", \($0)" }.joined()
        }
    }

    /// The nodes that jobs of these names belong to, each once.
    public func nodeNames(of names: [String]) -> [String] {
        var found: [String] = []
        for name in names.map({ job(named: $0)?.seed?.node ?? $0 }) where !found.contains(name) { found.append(name) }
        return found
    }

    /// Whether another view shows the same, its moment aside.
    public func showsSame(as other: Self?) -> Bool {
        guard var other else { return false }
        other.at = at
        return self == other
    }
}

/// Pipelines, newest first.
public struct PipelineListView: Codable, Hashable, Sendable {
    /// The pipelines.
    public var pipelines: [PipelineView]

    /// Wraps them.
    public init(pipelines: [PipelineView]) { self.pipelines = pipelines }
}
