import Signing
import Testing

@Suite("Signed links and tokens")
struct GrantTests {
    private let grant: SignedGrant
    private let key = [UInt8](repeating: 9, count: 32)

    init() throws { grant = try SignedGrant(purpose: "page-link", key: key) }

    @Test("a link grants what it was made for, up to its expiry and not at it")
    func expiry() throws {
        let text = try grant.text(for: ["pipeline", "128"], until: 1_000)
        #expect(try grant.check(text, for: ["pipeline", "128"], now: 999) == .granted)
        #expect(try grant.check(text, for: ["pipeline", "128"], now: 1_000) == .expired(at: 1_000))
        #expect(text.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "=") })
    }

    @Test("a link grants nothing else, and not for another purpose, key or time")
    func binding() throws {
        let text = try grant.text(for: ["pipeline", "128"], until: 1_000)
        for fields in [["pipeline", "129"], ["pipeline128"], ["pipeline", "128", ""], ["128", "pipeline"], []] {
            #expect(try grant.check(text, for: fields, now: 0) == .refused)
        }
        let otherPurpose = try SignedGrant(purpose: "artifact-link", key: key)
        let otherKey = try SignedGrant(purpose: "page-link", key: [UInt8](repeating: 8, count: 32))
        #expect(try otherPurpose.check(text, for: ["pipeline", "128"], now: 0) == .refused)
        #expect(try otherKey.check(text, for: ["pipeline", "128"], now: 0) == .refused)
        let later = text.replacing("1.1000.", with: "1.9999.")
        #expect(try grant.check(later, for: ["pipeline", "128"], now: 0) == .refused)
    }

    @Test(
        "any other text is refused",
        arguments: [
            "", ".", "..", "1..", "1.1000.", "2.1000.AAAA", "1.+1000.AAAA", "1.99999999999999999999.AAAA",
            "1.1000.AA.A",
            String(repeating: "1.", count: 100_000),
        ])
    func rubbish(text: String) throws { #expect(try grant.check(text, for: ["x"], now: 0) == .refused) }

    @Test("a short key is refused")
    func shortKey() {
        #expect(throws: SigningError.self) { try SignedGrant(purpose: "page-link", key: [1, 2, 3]) }
    }

    @Test("fields that are cut elsewhere give other bytes")
    func taggedMessage() {
        let messages = [
            TaggedMessage(purpose: "a", texts: ["bc", "d"]), TaggedMessage(purpose: "a", texts: ["b", "cd"]),
            TaggedMessage(purpose: "a", texts: ["bcd"]), TaggedMessage(purpose: "ab", texts: ["c", "d"]),
            TaggedMessage(purpose: "a", version: 2, texts: ["bc", "d"]),
            TaggedMessage(purpose: "a", texts: ["bc", "d", ""]),
        ]
        #expect(Set(messages.map(\.bytes)).count == messages.count)
    }

    @Test("tokens are long, unlike each other, and known by their digest")
    func tokens() throws {
        let tokens = try (0..<50).map { _ in try AccessToken.make() }
        #expect(Set(tokens).count == 50)
        #expect(tokens.allSatisfy { AccessToken.isWellFormed($0) && $0.hasPrefix("pawl_") && $0.utf8.count == 48 })
        #expect(
            try AccessToken.digest(of: "pawl_x")
                == Hex.encode(SHA256Digest.of(Array("pawl_x".utf8))))
        for text in ["", "pawl_", "pawl_abc", tokens[0] + "A", "ghp_" + tokens[0].dropFirst(5)] {
            #expect(!AccessToken.isWellFormed(text))
        }
    }
}

@Suite("Signatures of the Standard Webhooks scheme")
struct StandardWebhookTests {
    @Test("a body is signed as the reference libraries' fixed vector says")
    func vector() throws {
        let key = try StandardWebhookKey(token: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let signature = try key.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(StandardWebhookKey.codes(in: "v2,x \(signature)  garbage v1,short").count == 1)
        #expect("\(key)" == "[redacted]")
    }

    @Test("a token that is made is a token that is read")
    func makeToken() throws { _ = try StandardWebhookKey(token: StandardWebhookKey.makeToken()) }

    @Test(
        "a token that is none is refused",
        arguments: ["", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    func badToken(token: String) {
        #expect { try StandardWebhookKey(token: token) } throws: { ($0 as? SigningError)?.code == .invalidKey }
    }
}
