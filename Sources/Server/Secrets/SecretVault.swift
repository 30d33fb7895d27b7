import PipelineModel
import Signing

/// Seals and opens the secrets that the database holds. Each is bound to its place: moved to another row it stays shut.
public struct SecretVault: Sendable {
    private let key: SealingKey

    /// Seals with this key.
    public init(key: SealingKey) { self.key = key }

    /// Seals a repository's secret.
    public func seal(
        _ value: Redacted, named name: String, environment: String?, of repository: RepositoryID
    ) throws -> [UInt8] {
        let place = Self.place(of: name, environment: environment, repository: repository)
        return try SealedBox(sealing: Array(value.revealed.utf8), for: place, with: key).bytes
    }

    /// Opens a repository's secret.
    public func open(
        _ sealed: [UInt8], named name: String, environment: String?, of repository: RepositoryID
    ) throws -> Redacted {
        let place = Self.place(of: name, environment: environment, repository: repository)
        let value = try SealedBox(bytes: sealed).open(for: place, with: key)
        return Redacted(String(decoding: value, as: UTF8.self))
    }

    /// Seals the secret that signs a hook's deliveries.
    public func sealHookSecret(_ value: Redacted, forge: String, hook: String) throws -> [UInt8] {
        try SealedBox(sealing: Array(value.revealed.utf8), for: Self.place(forge: forge, hook: hook), with: key).bytes
    }

    /// Opens the secret that signs a hook's deliveries.
    public func openHookSecret(_ sealed: [UInt8], forge: String, hook: String) throws -> Redacted {
        let value = try SealedBox(bytes: sealed).open(for: Self.place(forge: forge, hook: hook), with: key)
        return Redacted(String(decoding: value, as: UTF8.self))
    }

    private static func place(of name: String, environment: String?, repository: RepositoryID) -> TaggedMessage {
        TaggedMessage(
            purpose: "repository secret",
            texts: [repository.description, name, environment == nil ? "" : "in", environment ?? ""])
    }

    private static func place(forge: String, hook: String) -> TaggedMessage {
        TaggedMessage(purpose: "hook secret", texts: [forge, hook])
    }
}
