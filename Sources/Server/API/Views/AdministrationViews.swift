import PipelineModel
import Store

/// A repository that Pawl works for.
public struct RepositoryView: Codable, Hashable, Sendable {
    /// Pawl's number for it.
    public var id: RepositoryID
    /// The path people use, such as `ml/churn`.
    public var name: String
    /// The forge's section in the settings.
    public var forge: String
    /// The forge's own number for it.
    public var remoteID: Int64
    /// Where git fetches it from.
    public var cloneURL: String
    /// The branch that pull requests go to by default.
    public var defaultBranch: String
    /// What a person has set for it.
    public var settings: RepositorySettings
    /// When it was added.
    public var createdAt: Timestamp
    /// GPU-hours that it has had this month (UTC), those under way among them; nil where nobody asked.
    public var gpuHours: Double?

    /// Shows a stored repository.
    public init(_ repository: StoredRepository) {
        id = repository.id
        name = repository.reference.name
        forge = repository.reference.forge
        remoteID = repository.reference.remoteID
        cloneURL = repository.reference.cloneURL
        defaultBranch = repository.reference.defaultBranch
        settings = repository.settings
        createdAt = repository.createdAt
    }
}

/// The repositories.
public struct RepositoryListView: Codable, Hashable, Sendable {
    /// The repositories, by name.
    public var repositories: [RepositoryView]
}

/// A repository to add.
public struct RepositoryRequest: Codable, Hashable, Sendable {
    /// Its address on the forge, or the path of a bare repository.
    public var url: String
    /// The forge's section, where the address does not tell it.
    public var forge: String?
    /// What a bare repository's own hook says of it; nil for a repository of a forge with an API.
    public var bare: BareRepositoryRequest?

    /// Asks for a repository.
    public init(url: String, forge: String? = nil, bare: BareRepositoryRequest? = nil) {
        self.url = url
        self.forge = forge
        self.bare = bare
    }
}

/// A bare repository whose hook is being put in place, as `pawl hook install` describes it.
public struct BareRepositoryRequest: Codable, Hashable, Sendable {
    /// The number that stands for it; chosen once, when the hook is first put in place.
    public var remoteID: Int64
    /// The name people use.
    public var name: String
    /// The branch its HEAD names.
    public var defaultBranch: String
    /// The secret that will sign its deliveries. Sent in a request's body and nowhere else.
    public var hookSecret: String

    /// Describes a bare repository.
    public init(remoteID: Int64, name: String, defaultBranch: String, hookSecret: String) {
        self.remoteID = remoteID
        self.name = name
        self.defaultBranch = defaultBranch
        self.hookSecret = hookSecret
    }
}

/// A repository that was added, and what was found on the way.
public struct RepositoryAdditionView: Codable, Hashable, Sendable {
    /// The repository.
    public var repository: RepositoryView
    /// What was looked at.
    public var checks: [CheckView]

    /// Tells what was added.
    public init(repository: RepositoryView, checks: [CheckView]) {
        self.repository = repository
        self.checks = checks
    }
}

/// Settings of a repository to change. What is nil stays.
public struct RepositoryChange: Codable, Hashable, Sendable {
    /// How many jobs of a pipeline get a status context of their own.
    public var statusJobLimit: Int?
    /// Branches whose pipelines see protected secrets.
    public var protectedBranches: [String]?
    /// Tags whose pipelines see protected secrets.
    public var protectedTags: [String]?
    /// Whether pipelines are made at all.
    public var isEnabled: Bool?
    /// GPU-hours that it may use in a month (UTC).
    public var gpuHours: Double?
    /// Whether it may use as many as it likes again.
    public var removesGPUHours: Bool?
    /// GPU-hours beyond the budget, this month only.
    public var gpuHoursOverride: Double?
    /// Why it may go beyond its budget.
    public var reason: String?
    /// Which of several repositories' jobs go first: `high`, `normal` or `low`.
    public var priority: RepositorySettings.Priority?
    /// How many of its jobs run at once; 0 for as many as runners have room.
    public var jobLimit: Int?
    /// How many jobs of one pipeline run at once; 0 for as many as runners have room.
    public var pipelineJobLimit: Int?

    /// Changes nothing.
    public init() {}
}

/// A pipeline that a person asks for.
public struct RunRequest: Codable, Hashable, Sendable {
    /// The repository's path.
    public var repository: String
    /// A branch, a tag, a full ref or a commit; nil for the default branch.
    public var ref: String?
    /// Variables that win over those of the pipeline file.
    public var variables: [Variable]

    /// Asks for a pipeline.
    public init(repository: String, ref: String? = nil, variables: [Variable] = []) {
        self.repository = repository
        self.ref = ref
        self.variables = variables
    }
}

/// A secret to set.
public struct SecretRequest: Codable, Sendable {
    /// Its name, kind and scope.
    public var description: SecretDescription
    /// Its value. Sent in a request's body and nowhere else.
    public var value: String

    /// Sets a secret.
    public init(description: SecretDescription, value: String) {
        self.description = description
        self.value = value
    }
}

/// A secret, without its value.
public struct SecretView: Codable, Hashable, Sendable {
    /// Its name, kind and scope.
    public var description: SecretDescription
    /// When it was last set.
    public var setAt: Timestamp
}

/// The secrets of a repository.
public struct SecretListView: Codable, Hashable, Sendable {
    /// The repository's path.
    public var repository: String
    /// The secrets by name.
    public var secrets: [SecretView]
}

/// A token to make.
public struct TokenRequest: Codable, Hashable, Sendable {
    /// The name people give it.
    public var name: String
    /// What its holder may do.
    public var scope: TokenScope

    /// Asks for a token.
    public init(name: String, scope: TokenScope) {
        self.name = name
        self.scope = scope
    }
}

/// A token, without its text.
public struct TokenView: Codable, Hashable, Sendable {
    /// Pawl's number for it.
    public var id: TokenID
    /// The name people gave it.
    public var name: String
    /// What its holder may do.
    public var scope: TokenScope
    /// When it was made.
    public var createdAt: Timestamp
    /// When it was last used, to the minute.
    public var lastUsedAt: Timestamp?
    /// When it was revoked.
    public var revokedAt: Timestamp?

    /// Shows a stored token.
    public init(_ token: Token) {
        id = token.id
        name = token.name
        scope = token.scope
        createdAt = token.createdAt
        lastUsedAt = token.lastUsedAt
        revokedAt = token.revokedAt
    }
}

/// The tokens.
public struct TokenListView: Codable, Hashable, Sendable {
    /// The tokens in the order they were made.
    public var tokens: [TokenView]
}

/// A token that was just made. Its text is never shown again.
public struct NewTokenView: Codable, Hashable, Sendable {
    /// Pawl's number for it.
    public var id: TokenID
    /// The name people gave it.
    public var name: String
    /// What its holder may do.
    public var scope: TokenScope
    /// The token's text.
    public var token: String
}
