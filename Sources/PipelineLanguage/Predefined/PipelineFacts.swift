/// What is known of a pipeline before it is planned, for `PredefinedVariables.pipeline`. All of it is plain text.
public struct PipelineFacts: Hashable, Sendable {
    /// The forge's own server, which GitLab's `CI_SERVER_*` speak of.
    public struct Server: Hashable, Sendable {
        /// Its address without a path, such as `https://gitlab.example.com`; empty for plain git.
        public var url: String
        /// `github`, `gitlab` or `git`.
        public var forge: String

        /// Names a server.
        public init(url: String, forge: String) {
            self.url = url
            self.forge = forge
        }
    }

    /// The repository.
    public struct Project: Hashable, Sendable {
        /// The forge's number for it.
        public var id: Int64
        /// Its path, such as `ml/churn`.
        public var path: String
        /// Where a browser finds it.
        public var url: String
        /// Its default branch.
        public var defaultBranch: String
        /// `private`, `internal` or `public`, where it is known.
        public var visibility: String?
        /// Where git fetches it, without a credential.
        public var cloneURL: String?
        /// The path of the pipeline file.
        public var pipelineFile: String?

        /// Names a repository.
        public init(id: Int64, path: String, url: String, defaultBranch: String, visibility: String? = nil) {
            self.id = id
            self.path = path
            self.url = url
            self.defaultBranch = defaultBranch
            self.visibility = visibility
        }
    }

    /// The commit that is built.
    public struct Commit: Hashable, Sendable {
        /// Its full id.
        public var sha: String
        /// The id before it on its branch; nil gives 40 zeros, as GitLab does.
        public var before: String?
        /// The whole message.
        public var message: String
        /// `Name <mail>`.
        public var author: String?
        /// When it was made, in ISO 8601.
        public var timestamp: String?

        /// Describes a commit.
        public init(
            sha: String, before: String? = nil, message: String = "", author: String? = nil, timestamp: String? = nil
        ) {
            self.sha = sha
            self.before = before
            self.message = message
            self.author = author
            self.timestamp = timestamp
        }
    }

    /// The ref the pipeline is for.
    public struct Ref: Hashable, Sendable {
        /// Its short name; for a pull request the branch with the change.
        public var name: String
        /// What kind of ref it is.
        public var kind: PlanningContext.RefKind
        /// Whether the repository's settings protect it.
        public var isProtected: Bool
        /// The message of an annotated tag.
        public var tagMessage: String?

        /// Names a ref.
        public init(name: String, kind: PlanningContext.RefKind, isProtected: Bool = false, tagMessage: String? = nil) {
            self.name = name
            self.kind = kind
            self.isProtected = isProtected
            self.tagMessage = tagMessage
        }
    }

    /// The server.
    public var server: Server
    /// The repository.
    public var project: Project
    /// The commit.
    public var commit: Commit
    /// The ref.
    public var ref: Ref
    /// The pull request, in a pipeline for one.
    public var mergeRequest: MergeRequestFacts?
    /// Pawl's number for the pipeline.
    public var pipelineID: Int64
    /// Its number within the repository, from 1.
    public var pipelineNumber: Int64
    /// Its page, where the server has an address.
    public var pipelineURL: String?
    /// When it was made, in ISO 8601.
    public var createdAt: String?
    /// GitLab's word for what made it: `push`, `merge_request_event`, `web`, …
    public var source: String
    /// The account that caused it: the forge's number and the name people use.
    public var actor: (id: Int64?, name: String)? {
        get { actorName.map { (actorID, $0) } }
        set { (actorID, actorName) = (newValue?.id, newValue?.name) }
    }
    private var actorID: Int64?
    private var actorName: String?

    /// Collects what is known.
    public init(
        server: Server, project: Project, commit: Commit, ref: Ref, mergeRequest: MergeRequestFacts? = nil,
        pipelineID: Int64, pipelineNumber: Int64, pipelineURL: String? = nil, createdAt: String? = nil, source: String,
        actor: (id: Int64?, name: String)? = nil
    ) {
        self.server = server
        self.project = project
        self.commit = commit
        self.ref = ref
        self.mergeRequest = mergeRequest
        self.pipelineID = pipelineID
        self.pipelineNumber = pipelineNumber
        self.pipelineURL = pipelineURL
        self.createdAt = createdAt
        self.source = source
        actorID = actor?.id
        actorName = actor?.name
    }
}
