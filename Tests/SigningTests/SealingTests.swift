import Signing
import Testing

@Suite("Sealed values")
struct SealingTests {
    private let key: SealingKey
    private let place = TaggedMessage(purpose: "secret", texts: ["7", "TOKEN"])

    init() throws { key = try SealingKey() }

    @Test("a sealed value opens with its key at its place", arguments: [0, 1, 15, 16, 17, 70_000])
    func opening(length: Int) throws {
        let value = [UInt8](repeating: 7, count: length)
        let box = try SealedBox(sealing: value, for: place, with: key)
        #expect(try SealedBox(bytes: box.bytes).open(for: place, with: key) == value)
    }

    @Test("the same value is never sealed to the same bytes")
    func nonces() throws {
        let boxes = try (0..<50).map { _ in try SealedBox(sealing: [1, 2, 3], for: place, with: key) }
        #expect(Set(boxes).count == boxes.count)
    }

    @Test("a value moved to another place does not open")
    func otherPlace() throws {
        let box = try SealedBox(sealing: [1], for: place, with: key)
        for other in [
            TaggedMessage(purpose: "secret", texts: ["7", "TOKEN2"]),
            TaggedMessage(purpose: "secret", texts: ["7TOKEN"]),
            TaggedMessage(purpose: "hook", texts: ["7", "TOKEN"]),
            TaggedMessage(purpose: "secret", version: 2, texts: ["7", "TOKEN"]),
        ] {
            #expect { try box.open(for: other, with: key) } throws: { ($0 as? SigningError)?.code == .cannotOpen }
        }
    }

    @Test("a value with any byte changed, or any number cut off, does not open")
    func damage() throws {
        let box = try SealedBox(sealing: Array("value".utf8), for: place, with: key)
        for index in box.bytes.indices {
            var bytes = box.bytes
            bytes[index] ^= 1
            #expect(throws: SigningError.self) { try SealedBox(bytes: bytes).open(for: place, with: key) }
            #expect(throws: SigningError.self) {
                try SealedBox(bytes: Array(box.bytes.prefix(index))).open(for: place, with: key)
            }
        }
    }

    @Test("another key is named in the error, and no key's bytes are")
    func otherKey() throws {
        let box = try SealedBox(sealing: [1], for: place, with: key)
        let other = try SealingKey()
        let error = #expect(throws: SigningError.self) { try box.open(for: place, with: other) }
        let message = try #require(error?.message)
        #expect(message.contains(key.description.dropFirst("sealing key ".count)))
        #expect(!message.contains(key.encoded.dropFirst(19)) && !message.contains(other.encoded.dropFirst(19)))
    }

    @Test("a key survives being written down, and prints nothing of itself")
    func encoding() throws {
        let again = try SealingKey(encoded: "\n \(key.encoded) \r\n")
        #expect(again.encoded == key.encoded)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains(key.encoded.dropFirst(19)) && text.contains("sealing key"))
        }
    }

    @Test(
        "a text that is no key is refused",
        arguments: ["", "pawl-sealing-key-1:", "pawl-sealing-key-1:Zm9v", "pawl-sealing-key-2:Zm9v", "Zm9v"])
    func badKey(text: String) {
        #expect { try SealingKey(encoded: text) } throws: { ($0 as? SigningError)?.code == .invalidKey }
    }

    @Test("keys derived for two purposes differ from each other and from one time to the next not")
    func derived() throws {
        #expect(try key.derived(for: "page-link") == key.derived(for: "page-link"))
        #expect(try key.derived(for: "page-link") != key.derived(for: "session"))
        #expect(try key.derived(for: "page-link").count == 32)
    }
}
