import Forges
import PipelineModel
import Signing
import Store

/// Adds repositories: binds each to a hook, and looks at what would surprise its owner.
public struct RepositoryAdder: Sendable {
    let store: Store
    let vault: SecretVault
    let forges: ForgeConnections
    /// The address that forges send events to; nil where the server has none that others reach.
    let publicURL: String?
    /// What a push of a repository's default branch would make now.
    let preview: (@Sendable (StoredRepository) async throws -> NewPipeline.Planning)?
    /// Where the intake sees which pushes are tests.
    let tests: TestDeliveries
    let now: @Sendable () -> Timestamp

    /// How long a forge's test delivery may take to arrive.
    static let patience = Duration.seconds(15)

    /// Adds repositories to a store. With a preview their pipeline files are looked at as well.
    public init(
        store: Store, vault: SecretVault, forges: ForgeConnections, publicURL: String?,
        preview: (@Sendable (StoredRepository) async throws -> NewPipeline.Planning)? = nil,
        tests: TestDeliveries = TestDeliveries(), now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.vault = vault
        self.forges = forges
        self.publicURL = publicURL
        self.preview = preview
        self.tests = tests
        self.now = now
    }

    /// Adds a repository for a person.
    /// - Throws: `APIRefusal` that says what is missing, or `ForgeError`.
    public func add(_ request: RepositoryRequest, by person: String) async throws -> RepositoryAdditionView {
        let forge = try forge(of: request)
        do {
            let addition = try await forge.kind == .git ? addBare(request, to: forge) : addHosted(request, to: forge)
            try await store.record(
                AuditEntry(at: now(), by: person, action: "repository.add", subject: addition.repository.name))
            return addition
        } catch let error as ForgeError {
            throw APIRefusal(.refused, error.message)
        }
    }

    private func forge(of request: RepositoryRequest) throws -> ForgeConnection {
        if let name = request.forge {
            guard let forge = forges[name] else {
                let names = forges.all.map(\.name).joined(separator: ", ")
                throw APIRefusal(.notFound, "the settings have no forge \(name).  They have: \(names)")
            }
            return forge
        }
        if request.url.hasPrefix("/") || request.url.hasPrefix("file://"),
            let forge = forges.all.first(where: { $0.kind == .git })
        {
            return forge
        }
        let host = Self.host(of: request.url)
        let fitting = forges.all.filter { $0.kind != .git && $0.webHost == host }
        guard let forge = fitting.first, fitting.count == 1 else {
            throw APIRefusal(
                .notFound,
                "no forge of the settings is at \(host ?? request.url).  pawl init --explain, or --forge NAME")
        }
        return forge
    }

    private static func host(of url: String) -> String? {
        for scheme in ["https://", "http://"] where url.hasPrefix(scheme) {
            return String(url.dropFirst(scheme.count).prefix { $0 != "/" })
        }
        return nil
    }

    /// Takes over what a bare repository's hook says of it: number, branch and secret.
    private func addBare(
        _ request: RepositoryRequest, to forge: ForgeConnection
    ) async throws -> RepositoryAdditionView {
        guard let bare = request.bare else {
            throw APIRefusal(
                .refused, "a bare repository is added by its own hook.  pawl hook install \(request.url)")
        }
        guard bare.hookSecret.utf8.count >= 16, bare.remoteID > 0, !bare.name.isEmpty else {
            throw APIRefusal(.invalid, "the hook's description is not complete.  pawl hook install \(request.url)")
        }
        let reference = RepositoryReference(
            forge: forge.name, remoteID: bare.remoteID, name: bare.name, cloneURL: request.url,
            defaultBranch: bare.defaultBranch)
        let stored = try await store.addRepository(reference, now: now())
        try await bindBareHook(
            named: "r\(bare.remoteID)", of: forge, secret: Redacted(bare.hookSecret), to: bare.remoteID)
        return RepositoryAdditionView(
            repository: RepositoryView(stored),
            checks: [CheckView("webhook", .good, "hook r\(bare.remoteID): push, tag; signed")])
    }

    /// Lets the hook of a bare repository sign with the secret it has. The one it had before counts until that is seen.
    private func bindBareHook(named name: String, of forge: ForgeConnection, secret: Redacted, to remoteID: Int64)
        async throws
    {
        let sealed = try vault.sealHookSecret(secret, forge: forge.name, hook: name)
        guard let hook = try await store.hook(forge: forge.name, name: name) else {
            _ = try await store.addHook(
                forge: forge.name, name: name, sealedSecret: sealed, remoteIDs: [remoteID], now: now())
            return
        }
        try await store.bindHook(hook.id, to: remoteID)
        guard try vault.openHookSecret(hook.sealedSecret, forge: forge.name, hook: name) != secret else { return }
        if hook.isProved || hook.previousSealedSecret == nil {
            try await store.rotateHook(hook.id, to: sealed)
        } else {
            // The newest never reached the repository, so what signs there may still be the one before it.
            try await store.replaceHookSecret(of: hook.id, with: sealed)
        }
    }
}
