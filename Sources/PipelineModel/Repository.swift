/// A project on a forge, as Pawl knows it.
public struct RepositoryReference: Hashable, Codable, Sendable {
    /// The name of the forge's section in the settings, such as `github`.
    public var forge: String
    /// The forge's own number for the repository. Trust is decided on it, never on the name.
    public var remoteID: Int64
    /// The path people use, such as `ml/churn`.
    public var name: String
    /// Where git fetches it from: an `https`, `http`, `ssh` or `file` URL, or an absolute path. Never with a credential.
    public var cloneURL: String
    /// The branch that pull requests go to by default.
    public var defaultBranch: String

    /// Describes a project.
    public init(forge: String, remoteID: Int64, name: String, cloneURL: String, defaultBranch: String) {
        self.forge = forge
        self.remoteID = remoteID
        self.name = name
        self.cloneURL = cloneURL
        self.defaultBranch = defaultBranch
    }
}

/// Text that must not be shown: prints as `[redacted]` wherever it lands by accident.
public struct Redacted: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself. Reading it is a decision that stands in the code.
    public let revealed: String

    /// Wraps a secret text.
    public init(_ text: String) { revealed = text }

    /// Always `[redacted]`.
    public var description: String { "[redacted]" }

    /// Always `[redacted]`.
    public var debugDescription: String { "[redacted]" }

    /// Shows nothing of the text to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
