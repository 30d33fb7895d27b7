import Forges
import PipelineModel
import Store

/// A hook with its secrets opened, ready to verify a request.
struct OpenHook: Sendable {
    /// Pawl's number for it.
    var id: HookID
    /// The forge it belongs to.
    var forge: ForgeConnection
    /// What its requests are signed with.
    var secrets: HookSecrets
    /// The forge's numbers of the repositories it may speak for.
    var remoteIDs: Set<Int64>
}

/// Finds the hook that a request's path names.
struct HookDirectory: Sendable {
    let store: Store
    let vault: SecretVault
    let forges: ForgeConnections

    /// The hook of that name, if forge and hook exist.
    /// - Throws: when its secrets cannot be opened or used.
    func hook(forge name: String, hook: String) async throws -> OpenHook? {
        guard let forge = forges[name], let stored = try await store.hook(forge: name, name: hook) else { return nil }
        let sealed = [stored.sealedSecret] + (stored.previousSealedSecret.map { [$0] } ?? [])
        let secrets = try sealed.map { try vault.openHookSecret($0, forge: name, hook: hook) }
        return OpenHook(
            id: stored.id, forge: forge, secrets: try forge.hookSecrets(secrets), remoteIDs: stored.remoteIDs)
    }
}
