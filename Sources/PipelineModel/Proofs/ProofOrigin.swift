/// Where an attempt comes from that may prove a job, or the job that it would prove: what decides whether one is trusted by
/// the other. Both are of one repository.
public struct ProofOrigin: Hashable, Sendable {
    /// How far its commit is trusted.
    public var trust: CommitTrust
    /// The pull request it is for.
    public var pullRequest: Int64?
    /// Git's name of its commit's whole tree; nil where it is not known.
    public var tree: String?
    /// Whether its runner serves protected refs: one that does not need not be trusted by them.
    public var isOnProtectedRunner: Bool

    /// Describes an origin.
    public init(trust: CommitTrust, pullRequest: Int64? = nil, tree: String? = nil, isOnProtectedRunner: Bool = false) {
        self.trust = trust
        self.pullRequest = pullRequest
        self.tree = tree
        self.isOnProtectedRunner = isOnProtectedRunner
    }

    /// Whether an attempt from here may prove a job there with the same key.
    ///
    /// What a fork's pull request has proved holds for that pull request alone; and nothing else holds for it, since results
    /// of the repository are not its to see. Of what an unprotected branch has proved a protected ref takes only what it
    /// has accepted since: the very tree of files that the attempt ran, which is what a merge of an up-to-date pull request,
    /// or its squash, makes of it.
    public func proves(_ job: ProofOrigin) -> Bool {
        switch (trust, job.trust) {
        case (.fork, .fork): pullRequest != nil && pullRequest == job.pullRequest
        case (.fork, _), (_, .fork): false
        case (.protected, _), (.branch, .branch): true
        case (.branch, .protected): tree != nil && tree == job.tree && isOnProtectedRunner
        }
    }
}

extension PlannedJob {
    /// Whether an earlier attempt may stand for it: it says what it reads, deploys nothing, and runs because all before it
    /// went well, not because a person or a failure asked for it.
    public var isProvable: Bool { hasInputs && environment == nil && when == .onSuccess }
}
