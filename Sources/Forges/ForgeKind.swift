/// The kinds of servers that send events and receive statuses.
public enum ForgeKind: String, Codable, Sendable, CaseIterable {
    case github
    case gitlab
    /// A bare repository with Pawl's own post-receive hook.
    case git
}
