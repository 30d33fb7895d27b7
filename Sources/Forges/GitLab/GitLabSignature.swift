import PipelineModel
import Signing

extension SignatureClaim {
    /// GitLab's signing token, by the Standard Webhooks scheme: `webhook-id`, `webhook-timestamp` and a
    /// `webhook-signature` with any number of entries.
    static func gitlab(
        _ headers: WebhookHeaders, now: Timestamp
    ) -> Result<SignatureClaim, WebhookVerdict.Refusal> {
        guard let signature = headers.value("webhook-signature"), let id = headers.value("webhook-id"),
            let timestamp = headers.value("webhook-timestamp"), !id.isEmpty
        else {
            return .failure(
                .missing(
                    "The request is not signed: webhook-id, webhook-timestamp and webhook-signature are wanted once "
                        + "each. Set the signing token in the webhook's settings at GitLab (19.0 or newer)."))
        }
        guard isRecent(timestamp, now: now) else { return .failure(notRecent) }
        let codes = StandardWebhookKey.codes(in: signature)
        guard !codes.isEmpty else {
            return .failure(.missing("webhook-signature has no entry of the form v1,<base64 of 32 bytes>."))
        }
        return .success(
            SignatureClaim(codes: codes, prefix: StandardWebhookKey.signedPrefix(id: id, timestamp: timestamp)))
    }
}

/// GitLab's older secret token, sent in clear: it proves who sends, not what is sent.
enum GitLabToken {
    static func verdict(_ headers: WebhookHeaders, tokens: [[UInt8]]) throws(SigningError) -> WebhookVerdict {
        guard let value = headers.value("X-Gitlab-Token"), !value.isEmpty else {
            return .refused(
                .missing("X-Gitlab-Token is missing. Set the secret token in the webhook's settings at GitLab."))
        }
        let shown = Array(value.utf8)
        for (index, token) in tokens.enumerated() where try ConstantTime.equalSecrets(token, shown) {
            return .accepted(secret: index, by: .token)
        }
        return .refused(.wrong("X-Gitlab-Token is not the hook's secret token."))
    }
}
