import Forges
import PipelineModel
import Signing
import TestSupport
import Testing

@Suite("Webhook signatures")
struct SignatureConformanceTests {
    /// The doubtful cases that are taken; all others are refused, as recommended.
    private static let taken: Set<String> = [
        "gh-uppercase-hex", "gh-header-outer-space", "gl-token-unicode", "gl-sign-invalid-utf8",
        "gl-sign-double-space", "gl-sign-malformed-entry",
    ]

    @Test(
        "every vector gets its answer, with the body in one piece and byte by byte",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
    func vectors() throws {
        let cases = try JSONValue(parsing: ConformanceFolder.bytes("signatures/vectors.json"))["cases"]?.elements ?? []
        var held = 0
        for vector in cases {
            if let fault = try Self.fault(of: vector) {
                print("\(vector["id"]?.text ?? "?"):", fault)
            } else {
                held += 1
            }
        }
        print("conformance signatures: \(held) of \(cases.count)")
        #expect(Floor.isReached(Floor.signatures, by: held, of: cases.count))
    }

    private static func fault(of vector: JSONValue) throws -> String? {
        guard let id = vector["id"]?.text, let expect = vector["expect"]?.text,
            let body = vector["body_base64"]?.text.flatMap({ Base64.decode($0) })
        else { return "the vector is not understood" }
        let secrets: HookSecrets
        do throws(ForgeError) {
            secrets = try Self.secrets(of: vector)
        } catch {
            // A hook that cannot be made accepts nothing.
            return expect == "accept" ? "the secrets are refused: \(error)" : nil
        }
        let headers = WebhookHeaders(
            (vector["headers"]?.members ?? [:]).flatMap { name, value in
                (value.elements ?? [value]).map { (name: name, value: $0.text ?? "") }
            })
        let now = Timestamp(
            milliseconds: (vector["now"]?.text.flatMap { Int64($0) } ?? vector["now"]?.whole ?? 0) * 1_000)
        let verdict = try WebhookVerifier.verdict(on: body, secrets: secrets, headers: headers, now: now)
        if body.count < 10_000 {
            var verifier = try WebhookVerifier(secrets: secrets, headers: headers, now: now)
            for byte in body { try verifier.update([byte]) }
            guard try verifier.finish() == verdict else { return "in pieces the verdict differs" }
        }
        let wanted = expect == "policy" ? Self.taken.contains(id) : expect == "accept"
        return verdict.isAccepted == wanted ? nil : "expected \(expect), got \(verdict)"
    }

    private static func secrets(of vector: JSONValue) throws(ForgeError) -> HookSecrets {
        if vector["forge"]?.text == "github" { return try .github([Redacted(vector["secret"]?.text ?? "")]) }
        let signing = (vector["signing_tokens"]?.elements ?? [vector["signing_token"]].compactMap { $0 })
            .compactMap(\.text)
        let tokens = [vector["secret_token"]].compactMap { $0?.text }
        return try .gitlab(signingTokens: signing.map(Redacted.init), tokens: tokens.map(Redacted.init))
    }
}
