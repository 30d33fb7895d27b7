import Forges
import PipelineModel
import Store

/// A hook with its secrets opened, ready to verify a request.
struct OpenHook: Sendable {
    /// Pawl's number for it.
    var id: HookID
    /// The last segment of its address.
    var name: String
    /// The forge it belongs to.
    var forge: ForgeConnection
    /// What its requests are signed with.
    var secrets: HookSecrets
    /// The forge's numbers of the repositories it may speak for.
    var remoteIDs: Set<Int64>
    /// Its newest secret while no delivery has proved that the forge uses it, as it is stored and opened.
    var unproved: (sealed: [UInt8], secret: HookSecret)?
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
        let secrets = try sealed.map {
            HookSecret(try vault.openHookSecret($0, forge: name, hook: hook), of: forge.kind)
        }
        return OpenHook(
            id: stored.id, name: hook, forge: forge, secrets: try forge.hookSecrets(secrets),
            remoteIDs: stored.remoteIDs,
            unproved: stored.isProved ? nil : secrets.first.map { (stored.sealedSecret, $0) })
    }

    /// Takes note of how a delivery was proved: the first that the newest secret proves ends the older one.
    func note(_ verdict: WebhookVerdict, of hook: OpenHook) async throws {
        // The newest secret's parts come first in each list of secrets, where it has them.
        guard let (sealed, secret) = hook.unproved, case .accepted(0, let proof) = verdict, secret.has(proof) else {
            return
        }
        let kept =
            secret.isOpen
            ? try vault.sealHookSecret(secret.kept(by: proof).text, forge: hook.forge.name, hook: hook.name) : sealed
        try await store.proveHook(hook.id, by: sealed, keeping: kept)
    }
}
