/// A proposal to merge one branch into another: GitHub's pull request, GitLab's merge request.
public struct PullRequest: Hashable, Codable, Sendable {
    /// The number people use; GitLab's `iid`.
    public var number: Int64
    /// The title as written.
    public var title: String
    /// `open`, `closed` or `merged` in GitHub's words; `opened`, `closed`, `merged`, `locked` in GitLab's.
    public var state: String
    /// Whether it is marked as not ready.
    public var isDraft: Bool
    /// The branch with the change.
    public var headBranch: String
    /// The commit at its tip.
    public var headCommit: String
    /// The forge's number of the repository the change comes from; nil when it was deleted.
    public var headRepositoryID: Int64?
    /// That repository's path; nil when it was deleted.
    public var headRepositoryName: String?
    /// Where git fetches that repository from; nil when it was deleted.
    public var headCloneURL: String?
    /// The branch it wants to be merged into.
    public var baseBranch: String
    /// The commit of that branch the forge compares with; GitLab's payload has none.
    public var baseCommit: String?
    /// The forge's number of the repository it goes into.
    public var baseRepositoryID: Int64
    /// Labels, by name.
    public var labels: [String]
    /// For an update: whether it brought new commits. Nil where the forge's payload does not say.
    public var hasNewCommits: Bool?
    /// GitHub's word for what the author is to the repository. Shown, never trusted.
    public var authorAssociation: String?
    /// The account that opened it.
    public var author: Event.Actor?
    /// Whether it was merged; nil where the payload does not say.
    public var isMerged: Bool?

    /// Whether the change comes from another repository. A deleted one counts as another.
    public var isFork: Bool { headRepositoryID != baseRepositoryID }

    /// Describes a pull request by what every payload has.
    public init(
        number: Int64, title: String, state: String, isDraft: Bool, headBranch: String, headCommit: String,
        headRepositoryID: Int64?, baseBranch: String, baseRepositoryID: Int64
    ) {
        self.number = number
        self.title = title
        self.state = state
        self.isDraft = isDraft
        self.headBranch = headBranch
        self.headCommit = headCommit
        self.headRepositoryID = headRepositoryID
        self.baseBranch = baseBranch
        self.baseRepositoryID = baseRepositoryID
        labels = []
    }
}
