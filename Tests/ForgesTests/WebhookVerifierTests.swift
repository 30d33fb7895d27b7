import Forges
import PipelineModel
import Signing
import Testing

@Suite("Who sent a webhook")
struct WebhookVerifierTests {
    private let now = Timestamp(milliseconds: 1_744_578_128_000)
    private let body = Array(#"{"zen":"Keep it logically awesome."}"#.utf8)

    private func github(_ secret: String, over body: [UInt8]) throws -> WebhookHeaders {
        let code = try HMACSHA256.code(of: body, key: Array(secret.utf8))
        return WebhookHeaders([("X-Hub-Signature-256", "sha256=" + Hex.encode(code))])
    }

    @Test("while a secret is changed both count, and the verdict says which one fitted", arguments: ["old", "new"])
    func rotation(secret: String) throws {
        let secrets = try HookSecrets.github([Redacted("old"), Redacted("new")])
        let verdict = try WebhookVerifier.verdict(
            on: body, secrets: secrets, headers: try github(secret, over: body), now: now)
        #expect(verdict == .accepted(secret: secret == "old" ? 0 : 1, by: .signature))
    }

    @Test("a request that is not signed is refused before its body is read")
    func early() throws {
        let secrets = try HookSecrets.github([Redacted("s")])
        for headers in [
            [], [("X-Hub-Signature", "sha1=126f2c800419c60137ce748d7672e77b65cf16d6")],
            [("X-Hub-Signature-256", "sha256=00")],
        ] {
            let verifier = try WebhookVerifier(secrets: secrets, headers: WebhookHeaders(headers), now: now)
            guard case .refused(let refusal)? = verifier.early else {
                Issue.record("not refused early")
                continue
            }
            #expect(refusal.status == 401)
        }
        let signed = try WebhookVerifier(secrets: secrets, headers: github("s", over: body), now: now)
        #expect(signed.early == nil)
    }

    @Test("a wrong signature is refused with 403, in words that tell nothing of the secret")
    func wrong() throws {
        let secrets = try HookSecrets.github([Redacted("hook-secret-value")])
        let verdict = try WebhookVerifier.verdict(
            on: body, secrets: secrets, headers: try github("other", over: body), now: now)
        guard case .refused(let refusal) = verdict else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.status == 403)
        #expect(!refusal.reason.contains("hook-secret-value"))
    }

    @Test("a hook without a usable secret cannot be made")
    func misconfigured() {
        let makers: [@Sendable () throws -> HookSecrets] = [
            { try .github([]) }, { try .github([Redacted("")]) }, { try .github([Redacted("a"), Redacted(" ")]) },
            { try .github([Redacted("a"), Redacted("b"), Redacted("c")]) }, { try .git([]) }, { try .gitlab() },
            { try .gitlab(signingTokens: [Redacted("whsec_c2hvcnQ=")]) }, { try .gitlab(tokens: [Redacted("")]) },
        ]
        for make in makers {
            #expect { try make() } throws: { ($0 as? ForgeError)?.code == .misconfigured }
        }
    }

    @Test("GitLab's secret token alone is enough only while a migration is allowed, and never beside a wrong signature")
    func migration() throws {
        let signing = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        let strict = try HookSecrets.gitlab(signingTokens: [Redacted(signing)], tokens: [Redacted("t")])
        let migrating = try HookSecrets.gitlab(
            signingTokens: [Redacted(signing)], tokens: [Redacted("t")], fallback: .duringMigration)
        let token = WebhookHeaders([("X-Gitlab-Token", "t")])
        let wronglySigned = WebhookHeaders([
            ("X-Gitlab-Token", "t"), ("webhook-id", "1"), ("webhook-timestamp", "1744578128"),
            ("webhook-signature", "v1,MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="),
        ])
        func verdict(_ secrets: HookSecrets, _ headers: WebhookHeaders) throws -> WebhookVerdict {
            try WebhookVerifier.verdict(on: body, secrets: secrets, headers: headers, now: now)
        }
        #expect(try !verdict(strict, token).isAccepted)
        #expect(try verdict(migrating, token) == .accepted(secret: 0, by: .token))
        #expect(try !verdict(migrating, wronglySigned).isAccepted)
        #expect(try !verdict(migrating, WebhookHeaders([])).isAccepted)
    }

    @Test("Pawl's own hook is verified for its body, event, id and time, and for five minutes")
    func ownHook() throws {
        let secret = Redacted("s3cret")
        let secrets = try HookSecrets.git([Redacted("older"), secret])
        let headers = try GitHookMessage.headers(for: body, delivery: "d-1", secret: secret, now: now)
        func verdict(
            _ headers: [(name: String, value: String)], _ body: [UInt8], at moment: Timestamp
        ) throws -> WebhookVerdict {
            try WebhookVerifier.verdict(on: body, secrets: secrets, headers: WebhookHeaders(headers), now: moment)
        }
        #expect(try verdict(headers, body, at: now) == .accepted(secret: 1, by: .signature))
        #expect(try verdict(headers, body, at: now + .seconds(300)).isAccepted)
        #expect(try !verdict(headers, body, at: now + .seconds(301)).isAccepted)
        #expect(try !verdict(headers, body, at: now - .seconds(301)).isAccepted)
        #expect(try !verdict(headers, body + [0x20], at: now).isAccepted)
        for index in headers.indices where headers[index].name.hasPrefix("X-Pawl") {
            var changed = headers
            changed[index].value += "1"
            #expect(try !verdict(changed, body, at: now).isAccepted, "\(headers[index].name)")
            var repeated = headers
            repeated.append(headers[index])
            #expect(try !verdict(repeated, body, at: now).isAccepted, "\(headers[index].name)")
        }
    }

    @Test("a body of 25 MiB is verified in pieces")
    func large() throws {
        let chunk = [UInt8](repeating: 0x61, count: 64 << 10)
        var code = try HMACSHA256(key: Array("s".utf8))
        for _ in 0..<400 { try code.update(chunk) }
        let headers = WebhookHeaders([("X-Hub-Signature-256", "sha256=" + Hex.encode(try code.finish()))])
        var verifier = try WebhookVerifier(secrets: try .github([Redacted("s")]), headers: headers, now: now)
        for _ in 0..<400 { try verifier.update(chunk) }
        #expect(try verifier.finish().isAccepted)
    }
}
