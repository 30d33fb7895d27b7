/// What `CI_MERGE_REQUEST_*` speak of: a pull request of any forge.
public struct MergeRequestFacts: Hashable, Sendable {
    /// One side of it.
    public struct Side: Hashable, Sendable {
        /// The branch.
        public var branch: String
        /// The commit at its tip, where it is known.
        public var sha: String?
        /// The forge's number of the repository; nil when it was deleted.
        public var projectID: Int64?
        /// That repository's path; nil when it was deleted.
        public var projectPath: String?

        /// Describes a side.
        public init(branch: String, sha: String? = nil, projectID: Int64?, projectPath: String?) {
            self.branch = branch
            self.sha = sha
            self.projectID = projectID
            self.projectPath = projectPath
        }
    }

    /// The number people use.
    public var number: Int64
    /// Its title.
    public var title: String
    /// Labels by name.
    public var labels: [String]
    /// Whether it is marked as not ready.
    public var isDraft: Bool
    /// Where the change comes from.
    public var head: Side
    /// Where it goes.
    public var base: Side
    /// The newest commit both sides have, where it is known.
    public var diffBase: String?

    /// Describes a pull request.
    public init(
        number: Int64, title: String, labels: [String] = [], isDraft: Bool = false, head: Side, base: Side,
        diffBase: String? = nil
    ) {
        self.number = number
        self.title = title
        self.labels = labels
        self.isDraft = isDraft
        self.head = head
        self.base = base
        self.diffBase = diffBase
    }
}
