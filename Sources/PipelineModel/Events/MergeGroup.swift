/// What a forge's merge queue wants tested: pull requests on top of their target branch.
public struct MergeGroup: Hashable, Codable, Sendable {
    /// The branch it will be merged into.
    public var baseBranch: String
    /// The commit of that branch it stands on.
    public var baseCommit: String?

    /// Describes a merge group.
    public init(baseBranch: String, baseCommit: String?) {
        self.baseBranch = baseBranch
        self.baseCommit = baseCommit
    }
}
