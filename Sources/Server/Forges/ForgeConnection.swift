import Forges
import PipelineModel

/// A forge of the settings: what it speaks, and its API.
public struct ForgeConnection: Sendable {
    /// The name of its section in the settings.
    public var name: String
    /// What it speaks.
    public var kind: ForgeKind
    /// Where statuses go and facts come from.
    public var api: any ForgeAPI
    /// The host and port that people's addresses of its repositories have; nil for plain Git.
    public var webHost: String?
    /// Whether an administrator lets the credential for clones be shown for submodules on the same server.
    public var clonesSubmodules = false

    /// Describes a forge.
    public init(name: String, kind: ForgeKind, api: any ForgeAPI, webHost: String? = nil) {
        self.name = name
        self.kind = kind
        self.api = api
        self.webHost = webHost
    }

    /// Reads its deliveries.
    var payloads: PayloadReader { PayloadReader(kind: kind, forge: name) }

    /// What a repository is cloned with; nil where none is needed.
    func gitCredential(for repository: RepositoryReference) async throws -> GitCredential? {
        try await api.cloneCredential(for: repository).map {
            GitCredential(user: $0.user, password: $0.password, readsSubmodules: clonesSubmodules)
        }
    }

    /// The secrets of one of its hooks, newest first, in the form that verifies requests.
    ///
    /// GitLab's plain token is taken beside a signing token only while the hook goes from one to the other.
    func hookSecrets(_ secrets: [HookSecret]) throws(ForgeError) -> HookSecrets {
        let signing = secrets.compactMap(\.signing)
        switch kind {
        case .github: return try .github(signing)
        case .git: return try .git(signing)
        case .gitlab:
            let isMoving = secrets.count > 1 || secrets.contains(where: \.isOpen)
            return try .gitlab(
                signingTokens: signing, tokens: secrets.compactMap(\.token),
                fallback: isMoving ? .duringMigration : .refused)
        }
    }
}

/// All forges of the settings, by name.
public struct ForgeConnections: Sendable {
    private let byName: [String: ForgeConnection]

    /// Collects forges; the later of two with one name wins.
    public init(_ forges: [ForgeConnection]) {
        byName = Dictionary(forges.map { ($0.name, $0) }, uniquingKeysWith: { _, later in later })
    }

    /// The forge of that name.
    public subscript(name: String) -> ForgeConnection? { byName[name] }

    /// Every forge, by name.
    public var all: [ForgeConnection] { byName.values.sorted { $0.name < $1.name } }
}
