/// Whether a request came from somebody who knows the hook's secret.
public enum WebhookVerdict: Hashable, Sendable {
    /// What proved it.
    public enum Proof: Hashable, Sendable {
        /// A signature over the body.
        case signature
        /// GitLab's secret token in clear, which says nothing about the body.
        case token
    }

    /// It did. `secret` is the place of the one that fitted, from 0; the last one no longer being used can be removed.
    case accepted(secret: Int, by: Proof)
    /// It did not, or did not show it.
    case refused(Refusal)

    /// Why a request is refused.
    public struct Refusal: Error, Hashable, Sendable {
        /// The status to answer: 401 where the proof is missing or malformed, 403 where it is wrong.
        public let status: Int
        /// The reason, for the answer's body and the log. It tells nothing about the secret.
        public let reason: String

        static func missing(_ reason: String) -> Refusal { Refusal(status: 401, reason: reason) }
        static func wrong(_ reason: String) -> Refusal { Refusal(status: 403, reason: reason) }
    }

    /// Whether it did.
    public var isAccepted: Bool {
        if case .accepted = self { true } else { false }
    }
}
