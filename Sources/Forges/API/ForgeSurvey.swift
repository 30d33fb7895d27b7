/// Who a credential is, and what a forge does by itself with a repository. What could not be found out is nil.
public struct ForgeSurvey: Hashable, Sendable {
    /// The forge's version.
    public var version: String?
    /// The name of the account that the credential belongs to.
    public var account: String?
    /// What that account may do in the repository.
    public var role: AccountRole?
    /// Whether the forge runs pipelines of the same file by itself.
    public var runsPipelines: Bool?
    /// Whether a change to the default branch can only be merged when statuses are green.
    public var requiresGreen: Bool?

    /// Knows nothing.
    public init() {}
}
