import PipelineModel
import Signing

extension SignatureClaim {
    /// Pawl's own hook: `X-Pawl-Signature: v1=<64 hexadecimal digits>` over the delivery's id, its time, its event and
    /// the body.
    static func git(_ headers: WebhookHeaders, now: Timestamp) -> Result<SignatureClaim, WebhookVerdict.Refusal> {
        guard let signature = headers.value("X-Pawl-Signature"), let delivery = headers.value("X-Pawl-Delivery"),
            let timestamp = headers.value("X-Pawl-Timestamp"), let event = headers.value("X-Pawl-Event")
        else {
            return .failure(
                .missing(
                    "X-Pawl-Signature, X-Pawl-Delivery, X-Pawl-Timestamp and X-Pawl-Event are wanted once each. "
                        + "`pawl hook install` puts a hook in place that sends them."))
        }
        guard signature.hasPrefix("v1="), let code = Hex.decode(signature.dropFirst(3)),
            code.count == HMACSHA256.length
        else { return .failure(.missing("X-Pawl-Signature is not v1= and 64 hexadecimal digits.")) }
        guard isRecent(timestamp, now: now) else { return .failure(notRecent) }
        return .success(
            SignatureClaim(
                codes: [code], prefix: gitPrefix(event: event, delivery: delivery, timestamp: timestamp)))
    }

    /// What is signed before the body. Each field has its length before it, so the body alone can follow as it is.
    static func gitPrefix(event: String, delivery: String, timestamp: String) -> [UInt8] {
        TaggedMessage(purpose: "git-hook", texts: [event, delivery, timestamp]).bytes
    }
}
