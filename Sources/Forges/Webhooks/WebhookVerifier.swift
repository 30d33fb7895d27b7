import PipelineModel
import Signing

/// Verifies one request while its body comes in: the body need not be held in memory to be verified.
///
/// Make it from the headers, look at `early` before reading the body, pass every chunk to `update`, and ask `finish`.
/// What is verified are the raw bytes; nothing may be parsed, written or asked of a forge before `finish` has accepted.
public struct WebhookVerifier: ~Copyable, Sendable {
    /// The verdict where the headers alone decide: then the body need not be read to refuse the request.
    public let early: WebhookVerdict?
    private let claimed: [[UInt8]]
    private var first: HMACSHA256?
    private var second: HMACSHA256?

    /// Begins to verify a request.
    /// - Throws: `SigningError` when OpenSSL fails.
    public init(secrets: HookSecrets, headers: WebhookHeaders, now: Timestamp) throws(SigningError) {
        switch secrets.scheme {
        case .github(let keys):
            try self.init(SignatureClaim.github(headers), keys: keys)
        case .git(let keys):
            try self.init(SignatureClaim.git(headers, now: now), keys: keys)
        case .gitlab(let signing, let tokens, let fallback):
            let isSigned = headers.field("webhook-signature") != .absent
            if signing.isEmpty || (!isSigned && !tokens.isEmpty && fallback == .duringMigration) {
                self.init(early: try GitLabToken.verdict(headers, tokens: tokens))
            } else {
                try self.init(SignatureClaim.gitlab(headers, now: now), keys: signing)
            }
        }
    }

    private init(
        early: WebhookVerdict?, claimed: [[UInt8]] = [], first: consuming HMACSHA256? = nil,
        second: consuming HMACSHA256? = nil
    ) {
        self.early = early
        self.claimed = claimed
        self.first = first
        self.second = second
    }

    private init(
        _ claim: Result<SignatureClaim, WebhookVerdict.Refusal>, keys: [[UInt8]]
    ) throws(SigningError) {
        switch claim {
        case .failure(let refusal):
            self.init(early: .refused(refusal))
        case .success(let claim):
            self.init(
                early: nil, claimed: claim.codes, first: try Self.begin(keys.first, claim.prefix),
                second: try Self.begin(keys.dropFirst().first, claim.prefix))
        }
    }

    private static func begin(_ key: [UInt8]?, _ prefix: [UInt8]) throws(SigningError) -> HMACSHA256? {
        guard let key else { return nil }
        var code = try HMACSHA256(key: key)
        try code.update(prefix)
        return code
    }

    /// Takes the body's next bytes.
    /// - Throws: `SigningError` when OpenSSL fails.
    public mutating func update(_ chunk: some Collection<UInt8>) throws(SigningError) {
        try first?.update(chunk)
        try second?.update(chunk)
    }

    /// The verdict after the whole body.
    /// - Throws: `SigningError` when OpenSSL fails.
    public consuming func finish() throws(SigningError) -> WebhookVerdict {
        if let early { return early }
        let claimed = claimed
        let codes = [try Self.end(first), try Self.end(second)]
        for (index, code) in codes.enumerated() {
            if let code, claimed.contains(where: { ConstantTime.equal($0, code) }) {
                return .accepted(secret: index, by: .signature)
            }
        }
        return .refused(
            .wrong(
                "The signature does not fit. The secret at the forge and the hook's secret here differ, or the body "
                    + "was changed on the way."))
    }

    private static func end(_ code: consuming HMACSHA256?) throws(SigningError) -> [UInt8]? {
        guard let code else { return nil }
        return try code.finish()
    }

    /// Verifies a request whose body is all there.
    /// - Throws: `SigningError` when OpenSSL fails.
    public static func verdict(
        on body: [UInt8], secrets: HookSecrets, headers: WebhookHeaders, now: Timestamp
    ) throws(SigningError) -> WebhookVerdict {
        var verifier = try WebhookVerifier(secrets: secrets, headers: headers, now: now)
        try verifier.update(body)
        return try verifier.finish()
    }
}
