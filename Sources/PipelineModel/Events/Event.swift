/// What a delivery means: a push, a tag, a pull request's change, or something Pawl does not act on.
///
/// Everything here is what the payload says. Trust is never taken from it: it is read again from the forge's API.
public struct Event: Hashable, Codable, Sendable {
    /// What kind of thing happened. GitLab's merge requests are pull requests here.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case push, tag
        case pullRequest = "pull_request"
        case mergeGroup = "merge_group"
        case comment, review
        case reviewComment = "review_comment"
        case checkRerun = "check_rerun"
        case suiteRerun = "suite_rerun"
        case checkRun = "check_run"
        case checkSuite = "check_suite"
        case manual, api, release, ping
        case refCreate = "ref_create"
        case refDelete = "ref_delete"
        case pipeline, job, issue, deployment, status, installation
        case commitComment = "commit_comment"
        case workflowRun = "workflow_run"
        case workflowJob = "workflow_job"
        case schedule
        case other
    }

    /// What kind of thing happened.
    public var kind: Kind
    /// The forge's word for what happened to it, such as `opened` or `synchronize`.
    public var action: String?
    /// The repository the payload speaks for; nil for a few events that have none.
    public var repository: RepositoryReference?
    /// Who caused it, as the payload says.
    public var actor: Actor?
    /// The full ref, such as `refs/heads/main`.
    public var ref: String?
    /// The commit before; nil for a new ref.
    public var before: String?
    /// The commit after, as the payload has it (the tag object's id for an annotated tag, zeros for a deletion).
    public var after: String?
    /// The commit to build; nil where there is none, as for a deletion.
    public var commit: String?
    /// The title or first line of the commit or pull request.
    public var title: String?
    /// The whole message of the commit to build, where the payload has it.
    public var commitMessage: String?
    /// Whether the ref was made by this event.
    public var created: Bool?
    /// Whether the ref was deleted by this event.
    public var deleted: Bool?
    /// Whether the push replaced history; nil where the forge does not say.
    public var forced: Bool?
    /// The paths that the payload's commits touch. Not complete: forges list at most a few commits.
    public var changedFiles: [String]
    /// The pull request it is about.
    public var pullRequest: PullRequest?
    /// The merge group it is about.
    public var mergeGroup: MergeGroup?
    /// The comment it is about.
    public var comment: Comment?

    /// Describes what happened; everything but the kind may be absent.
    public init(kind: Kind, action: String? = nil, repository: RepositoryReference? = nil, actor: Actor? = nil) {
        self.kind = kind
        self.action = action
        self.repository = repository
        self.actor = actor
        changedFiles = []
    }

    /// A person or a robot on a forge.
    public struct Actor: Hashable, Codable, Sendable {
        /// The forge's number for the account, where the payload has it.
        public var remoteID: Int64?
        /// The name people use.
        public var name: String

        /// Names an account.
        public init(remoteID: Int64?, name: String) {
            self.remoteID = remoteID
            self.name = name
        }
    }

    /// A comment on a pull request, an issue or a commit.
    public struct Comment: Hashable, Codable, Sendable {
        /// The text as written.
        public var body: String
        /// The number of the issue or pull request it stands under.
        public var number: Int64?
        /// Whether that is a pull request.
        public var isPullRequest: Bool

        /// Describes a comment.
        public init(body: String, number: Int64?, isPullRequest: Bool) {
            self.body = body
            self.number = number
            self.isPullRequest = isPullRequest
        }
    }
}

extension Event {
    /// The branch's name when the ref is a branch; for a pull request, its head branch.
    public var branch: String? { pullRequest?.headBranch ?? ref.flatMap { Self.strip("refs/heads/", from: $0) } }

    /// The tag's name when the ref is a tag.
    public var tag: String? { ref.flatMap { Self.strip("refs/tags/", from: $0) } }

    private static func strip(_ prefix: String, from ref: String) -> String? {
        ref.hasPrefix(prefix) ? String(ref.dropFirst(prefix.count)) : nil
    }
}
