import Testing

@testable import Signing

@Suite("signed documents")
struct EnvelopeTests {
    private static let seed = Hex.decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")

    @Test("Ed25519 as in the first vector of RFC 8032")
    func vector() throws {
        let key = try Ed25519Key(seed: try #require(Self.seed))
        #expect(
            Hex.encode(try key.signature(of: []))
                == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b")
        let pem = try key.publicPEM()
        #expect(pem.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
        // The key's 32 bytes are the last of the structure.
        let body = pem.split(separator: "\n").dropFirst().dropLast().joined()
        #expect(
            Hex.encode(Array(try #require(Base64.decode(body)).suffix(32)))
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect("\(key)" == "[redacted]")
        #expect(throws: SigningError.self) { try Ed25519Key(seed: [1, 2, 3]) }
    }

    @Test("what is signed has the lengths of its parts before them")
    func parts() throws {
        let signed = SignedEnvelope.signed(Array(#"{"a":1}"#.utf8), type: "application/vnd.in-toto+json")
        #expect(String(decoding: signed, as: UTF8.self) == #"DSSEv1 28 application/vnd.in-toto+json 7 {"a":1}"#)
        let key = try Ed25519Key(seed: try #require(Self.seed))
        let envelope = try SignedEnvelope(signing: [1, 2], type: "t", with: key)
        #expect(envelope.payload == "AQI=" && envelope.payloadType == "t" && envelope.signatures.count == 1)
    }
}
