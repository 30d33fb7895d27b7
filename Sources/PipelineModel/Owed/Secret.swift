/// A secret's name, kind and scope, without its value.
public struct SecretDescription: Hashable, Codable, Sendable {
    /// How a script sees it.
    public enum Kind: String, Codable, Sendable {
        /// A variable with the value.
        case variable
        /// A variable with the path of a file that holds the value.
        case file
    }

    /// The name a script sees.
    public var name: String
    /// How a script sees it.
    public var kind: Kind
    /// Whether only jobs on protected refs get it.
    public var protectedOnly: Bool
    /// The environment whose jobs get it; nil means every job.
    public var environment: String?

    /// Describes a secret.
    public init(name: String, kind: Kind = .variable, protectedOnly: Bool = false, environment: String? = nil) {
        self.name = name
        self.kind = kind
        self.protectedOnly = protectedOnly
        self.environment = environment
    }
}

/// A secret handed to one attempt.
public struct GrantedSecret: Sendable {
    /// The name a script sees.
    public var name: String
    /// How a script sees it.
    public var kind: SecretDescription.Kind
    /// The value.
    public var value: Redacted

    /// Grants a secret.
    public init(name: String, kind: SecretDescription.Kind, value: Redacted) {
        self.name = name
        self.kind = kind
        self.value = value
    }
}
