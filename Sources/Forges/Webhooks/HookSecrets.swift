import PipelineModel
import Signing

/// The secrets of one hook. There is always at least one: a hook without a secret cannot be made.
///
/// Up to two of a kind are active at a time, so that a new one can be set at the forge while the old one still counts.
///
/// Printing it shows none of them.
public struct HookSecrets: Sendable, CustomStringConvertible, CustomReflectable {
    /// Whether a GitLab hook with a signing token takes a request that is not signed but has the right secret token.
    public enum TokenFallback: Sendable {
        /// The signature is mandatory.
        case refused
        /// While GitLab is being moved from the secret token to the signing token.
        case duringMigration
    }

    enum Scheme: Sendable {
        case github([[UInt8]])
        case gitlab(signing: [[UInt8]], tokens: [[UInt8]], TokenFallback)
        case git([[UInt8]])
    }

    let scheme: Scheme

    /// The most secrets of one kind that are active at a time.
    public static let limit = 2

    /// The kind of forge whose requests these secrets verify.
    public var forge: ForgeKind {
        switch scheme {
        case .github: .github
        case .gitlab: .gitlab
        case .git: .git
        }
    }

    /// The kind of forge alone.
    public var description: String { "secrets of a \(forge.rawValue) hook [redacted]" }

    /// Shows nothing of the secrets to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// The secrets of a GitHub webhook, used as they are: blanks count.
    /// - Throws: `ForgeError` with code `misconfigured`.
    public static func github(_ secrets: [Redacted]) throws(ForgeError) -> HookSecrets {
        HookSecrets(scheme: .github(try keys(secrets, called: "webhook secret")))
    }

    /// The secrets of a plain-Git hook.
    /// - Throws: `ForgeError` with code `misconfigured`.
    public static func git(_ secrets: [Redacted]) throws(ForgeError) -> HookSecrets {
        HookSecrets(scheme: .git(try keys(secrets, called: "hook secret")))
    }

    /// The secrets of a GitLab webhook: signing tokens (`whsec_…`, from GitLab 19.0), secret tokens for older servers,
    /// or both.
    /// - Throws: `ForgeError` with code `misconfigured`.
    public static func gitlab(
        signingTokens: [Redacted] = [], tokens: [Redacted] = [], fallback: TokenFallback = .refused
    ) throws(ForgeError) -> HookSecrets {
        guard !signingTokens.isEmpty || !tokens.isEmpty else { throw missing("signing token") }
        guard signingTokens.count <= limit else { throw tooMany("signing tokens") }
        var signing: [[UInt8]] = []
        for token in signingTokens {
            do {
                signing.append(try StandardWebhookKey(token: token.revealed).bytes)
            } catch {
                throw ForgeError(.misconfigured, message: error.message, cause: error)
            }
        }
        let plain = tokens.isEmpty ? [] : try keys(tokens, called: "secret token")
        return HookSecrets(scheme: .gitlab(signing: signing, tokens: plain, fallback))
    }

    private static func keys(_ secrets: [Redacted], called name: String) throws(ForgeError) -> [[UInt8]] {
        guard !secrets.isEmpty else { throw missing(name) }
        guard secrets.count <= limit else { throw tooMany("\(name)s") }
        for secret in secrets where secret.revealed.trimmingSpaces.isEmpty {
            throw ForgeError(
                .misconfigured,
                message: "A \(name) of the hook is empty. Anybody could send events with it; set a random one.")
        }
        return secrets.map { Array($0.revealed.utf8) }
    }

    private static func missing(_ name: String) -> ForgeError {
        ForgeError(
            .misconfigured,
            message: "The hook has no \(name). Unsigned events are never taken: set one here and at the forge.")
    }

    private static func tooMany(_ names: String) -> ForgeError {
        ForgeError(
            .misconfigured,
            message: "The hook has more than \(limit) \(names). Two are enough to change one: remove the oldest.")
    }
}
