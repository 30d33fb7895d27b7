import Signing

extension SignatureClaim {
    /// `X-Hub-Signature-256: sha256=<64 hexadecimal digits>` over the raw body. SHA-1's older header is never looked at.
    static func github(_ headers: WebhookHeaders) -> Result<SignatureClaim, WebhookVerdict.Refusal> {
        let value: String
        switch headers.field("X-Hub-Signature-256") {
        case .once(let text): value = text
        case .absent:
            return .failure(
                .missing("The request is not signed with SHA-256. Set a secret in the webhook's settings at GitHub."))
        case .repeated:
            return .failure(.missing("X-Hub-Signature-256 came more than once."))
        }
        guard value.hasPrefix("sha256="), let code = Hex.decode(value.dropFirst("sha256=".count)),
            code.count == HMACSHA256.length
        else {
            return .failure(.missing("X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits."))
        }
        return .success(SignatureClaim(codes: [code], prefix: []))
    }
}
