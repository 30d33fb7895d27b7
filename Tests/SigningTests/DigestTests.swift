import Signing
import Testing

@Suite("Digests and codes")
struct DigestTests {
    /// RFC 4231, cases 1, 2, 6 and 7: short keys, and keys longer than the block.
    @Test(
        "HMAC-SHA256 gives the codes of RFC 4231, in one piece and byte by byte",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: String, expected: String) throws {
        #expect(Hex.encode(try HMACSHA256.code(of: Array(message.utf8), key: key)) == expected)
        var code = try HMACSHA256(key: key)
        for byte in message.utf8 { try code.update([byte]) }
        #expect(Hex.encode(try code.finish()) == expected)
    }

    @Test("an empty key is refused: anybody could make its codes")
    func emptyKey() {
        #expect { try HMACSHA256.code(of: [1], key: []) } throws: { ($0 as? SigningError)?.code == .invalidKey }
    }

    @Test("SHA-256 gives the digests of FIPS 180-4, whatever the pieces")
    func sha256() throws {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Hex.encode(try SHA256Digest.of(Array("abc".utf8))) == abc)
        var digest = try SHA256Digest()
        try digest.update(Array("a".utf8))
        try digest.update([UInt8]())
        try digest.update(Array("xbcx".utf8)[1...2])
        #expect(Hex.encode(try digest.finish()) == abc)
        #expect(
            Hex.encode(try SHA256Digest.of([UInt8]()))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("comparing tells equal from different, of any length")
    func comparing() throws {
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
        #expect(ConstantTime.equal([UInt8](), [UInt8]()))
        #expect(try ConstantTime.equalSecrets([1, 2], [1, 2]))
        #expect(try !ConstantTime.equalSecrets([1, 2], [1]))
    }
}

@Suite("Texts for bytes")
struct EncodingTests {
    @Test(
        "base64 is written and read as RFC 4648 has it",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let bare = String(encoded.prefix { $0 != "=" })
        #expect(Base64.encode(Array(plain.utf8), as: .urlSafe) == bare)
        #expect(Base64.decode(bare, as: .urlSafe) == Array(plain.utf8))
    }

    @Test(
        "base64 that is not the one text for its bytes is refused",
        arguments: ["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "====", "Zm 8=", "Zm8=\n", "Zm8-", "Zg==Zg==", "Zé=="])
    func strictBase64(text: String) { #expect(Base64.decode(text) == nil) }

    @Test("the alphabets are not mixed")
    func alphabets() {
        #expect(Base64.decode("+/8=") == [0xFB, 0xFF])
        #expect(Base64.decode("-_8=") == nil)
        #expect(Base64.decode("-_8", as: .urlSafe) == [0xFB, 0xFF])
        #expect(Base64.decode("+/8", as: .urlSafe) == nil)
    }

    @Test("hexadecimal digits are read in pairs, in either case, and nothing else is")
    func hex() {
        #expect(Hex.encode([0, 15, 255]) == "000fff")
        #expect(Hex.decode("000fFF") == [0, 15, 255])
        for text in ["0", "0g", "+1", " 0", "００"] { #expect(Hex.decode(text) == nil) }
    }
}
