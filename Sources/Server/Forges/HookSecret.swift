import Forges
import PipelineModel
import Signing

/// What proves the requests of one hook, as the vault keeps it.
///
/// That is one secret; of a GitLab hook that is being made two, for whether the server knows signing tokens shows only
/// in its answer, and its first delivery may come before that.
struct HookSecret: Sendable {
    /// Signs the body.
    private(set) var signing: Redacted?
    /// GitLab's secret token, which is sent in clear.
    private(set) var token: Redacted?

    private init(signing: Redacted?, token: Redacted?) {
        self.signing = signing
        self.token = token
    }

    /// A new secret for a hook of that kind of forge.
    static func make(for kind: ForgeKind) throws -> HookSecret {
        guard kind == .gitlab else { return HookSecret(signing: Redacted(try AccessToken.make()), token: nil) }
        return try HookSecret(signing: nil, token: nil).completed()
    }

    /// Both of GitLab's secrets: those that are there, and new ones for those that are not.
    func completed() throws -> HookSecret {
        HookSecret(
            signing: try signing ?? Redacted(StandardWebhookKey.makeToken()),
            token: try token ?? Redacted(AccessToken.make()))
    }

    /// The part that a request was proved with.
    func kept(by proof: WebhookVerdict.Proof) -> HookSecret {
        HookSecret(signing: proof == .signature ? signing : nil, token: proof == .token ? token : nil)
    }

    /// Whether a request can be proved with it in that way.
    func has(_ proof: WebhookVerdict.Proof) -> Bool { (proof == .signature ? signing : token) != nil }

    /// Whether it has two parts.
    var isOpen: Bool { signing != nil && token != nil }

    // MARK: In the vault

    /// Reads what the vault keeps. Neither part has a line end in it.
    init(_ text: Redacted, of kind: ForgeKind) {
        guard kind == .gitlab else {
            self.init(signing: text, token: nil)
            return
        }
        let parts = text.revealed.split(separator: "\n").map { String($0) }
        let isSigning: (String) -> Bool = { $0.hasPrefix("whsec_") }
        self.init(
            signing: parts.first(where: isSigning).map { Redacted($0) },
            token: parts.first { !isSigning($0) }.map { Redacted($0) })
    }

    /// What the vault keeps.
    var text: Redacted { Redacted([signing, token].compactMap { $0?.revealed }.joined(separator: "\n")) }
}
