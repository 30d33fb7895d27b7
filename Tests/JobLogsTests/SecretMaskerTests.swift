import JobLogs
import Testing

@Suite("secrets in a log")
struct SecretMaskerTests {
    /// What a masker makes of a text that arrives in the given pieces.
    private func masked(_ pieces: [String], hiding values: [String]) -> String {
        var masker = SecretMasker(values.map { (name: "S", value: $0) })
        var output: [UInt8] = []
        for piece in pieces { output += masker.push(Array(piece.utf8)) }
        output += masker.finish()
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "a secret is hidden in every form it may take",
        arguments: [
            ("hunter22", "the password is hunter22.", "the password is [masked]."),
            ("it's a \"test\"/x", #"{"p": "it's a \"test\"/x"}"#, #"{"p": "[masked]"}"#),
            ("it's a \"test\"/x", #"{"p": "it's a \"test\"\/x"}"#, #"{"p": "[masked]"}"#),
            ("it's a \"test\"/x", "https://x/?p=it%27s%20a%20%22test%22%2Fx&q=1", "https://x/?p=[masked]&q=1"),
            ("it's a \"test\"/x", "p=it%27s+a+%22test%22%2fx&q=1", "p=[masked]&q=1"),
            ("it's a test", #"+ echo 'it'\''s a test'"#, "+ echo '[masked]'"),
            ("pässwörd", #""p\u00e4ssw\u00f6rd""#, #""[masked]""#),
            ("🦊 secret", #""\ud83e\udd8a secret""#, #""[masked]""#),
            ("a<b>&c=d'e", #""a\u003cb\u003e\u0026c=d'e""#, #""[masked]""#),
            ("a<b>&c=d'e", #""a\u003cb\u003e\u0026c\u003dd\u0027e""#, #""[masked]""#),
            ("a<b>&c\"d+e", #""a\u003Cb\u003E\u0026c\u0022d\u002Be""#, #""[masked]""#),
            ("pÄsswörd", #""p\u00C4ssw\u00F6rd""#, #""[masked]""#),
            ("a\u{08}bell\u{0C}feed", #""a\bbell\ffeed""#, #""[masked]""#),
            ("a\u{08}bell\u{0C}feed", #""a\u0008bell\u000cfeed""#, #""[masked]""#),
            ("hunter22", "aHVudGVyMjI=", "[masked]"),
            ("hunter22", "aHVudGVyMjI", "[masked]"),
            ("a?>b~~?>", "YT8-Yn5-Pz4=", "[masked]"),
        ])
    func forms(value: String, text: String, expected: String) {
        #expect(masked([text], hiding: [value]) == expected)
    }

    @Test(
        "base64 of something longer hides the secret within it",
        arguments: [
            ("dTpodW50ZXIyMg==", "dTp[masked]g=="), ("dXM6aHVudGVyMjI=", "dXM6[masked]"),
            ("dXNlcjpodW50ZXIyMjpyZXN0", "dXNlcjp[masked]jpyZXN0"),
        ])
    func innerBase64(text: String, expected: String) { #expect(masked([text], hiding: ["hunter22"]) == expected) }

    @Test("each line of a secret of several lines is hidden, and short lines stay")
    func lines() {
        let key = "-----BEGIN KEY-----\nMIIEvAIBADANBg\nab\n-----END KEY-----\n"
        let output = masked(["got MIIEvAIBADANBg and ab\n-----BEGIN KEY-----\r\nMIIEvAIBADANBg\r\n"], hiding: [key])
        #expect(output == "got [masked] and ab\n[masked]\r\n[masked]\r\n")
    }

    @Test("base64 that an encoder broke into lines is hidden")
    func wrappedBase64() {
        // 90 letters x: 120 digits, which coreutils breaks after 76.
        let value = String(repeating: "x", count: 90)
        let encoded = String(repeating: "eHh4", count: 30)
        let output = masked([encoded.prefix(76) + "\n" + encoded.dropFirst(76) + "\n"], hiding: [value])
        #expect(output == "[masked]\n[masked]\n")
    }

    @Test("the longest of several secrets counts, and overlapping ones leave no end behind")
    func overlapping() {
        #expect(masked(["x secret-token-long y"], hiding: ["secret", "secret-token-long"]) == "x [masked] y")
        #expect(masked(["x abcdefghijkl y"], hiding: ["abcdefgh", "efghijkl"]) == "x [masked] y")
        #expect(masked(["x secret-tokem y"], hiding: ["secret", "secret-token"]) == "x [masked]-tokem y")
    }

    @Test("where the stream is cut makes no difference")
    func cuts() {
        let values = ["secret", "secret-token", "token-ring", "aaaaaaab", "line one\nline two"]
        let text = "a secret-token-ring aaaaaaaaaaaab secre secret-toke line one\nline two c2VjcmV0 end secret"
        let whole = masked([text], hiding: values)
        #expect(!whole.contains("secret"))
        let bytes = Array(text.utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                    .map { String(decoding: $0, as: UTF8.self) }
                #expect(masked(pieces, hiding: values) == whole)
            }
        }
        #expect(masked(text.map(String.init), hiding: values) == whole)
    }

    @Test("a secret too short to hide is named, and hides nothing")
    func tooShort() {
        let masker = SecretMasker([("PIN", "12345"), ("TOKEN", "123456"), ("BLANK", "            ")])
        #expect(masker.tooShort == ["PIN", "BLANK"])
    }

    @Test("bytes that are no text pass")
    func invalidText() {
        var masker = SecretMasker([("TOKEN", "hunter22")])
        let bytes: [UInt8] = [0xFF, 0x00, 0xC3] + Array("hunter22".utf8) + [0xFE]
        #expect(masker.push(bytes) + masker.finish() == [0xFF, 0x00, 0xC3] + Array("[masked]".utf8) + [0xFE])
    }
}
