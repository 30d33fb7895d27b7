import COpenSSL

/// The key that secrets are sealed with at rest, and that the server's other keys are derived from. 256 bits.
///
/// Printing it shows only its id.
public struct SealingKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let bytes: [UInt8]
    /// Tells keys apart without telling anything about them: the first 8 bytes of a digest.
    let id: [UInt8]

    private static let prefix = "pawl-sealing-key-1:"

    /// A new key.
    public init() throws(SigningError) { try self.init(bytes: SecureRandom.bytes(32)) }

    /// Reads a key as `encoded` wrote it; blanks and line ends around it do not matter.
    /// - Throws: `SigningError` with code `invalidKey`.
    public init(encoded: String) throws(SigningError) {
        let text = encoded.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard text.hasPrefix(Self.prefix), let bytes = Base64.decode(text.dropFirst(Self.prefix.count)),
            bytes.count == 32
        else {
            throw SigningError(
                .invalidKey,
                message:
                    "This is no sealing key: one line beginning with \(Self.prefix) is wanted. `pawl init` makes it.")
        }
        try self.init(bytes: bytes)
    }

    private init(bytes: [UInt8]) throws(SigningError) {
        self.bytes = bytes
        id = Array(try HMACSHA256.code(of: TaggedMessage(purpose: "key-id", fields: []).bytes, key: bytes).prefix(8))
    }

    /// The key as one line of text. Whoever has it can open everything.
    public var encoded: String { Self.prefix + Base64.encode(bytes) }

    /// A key for another purpose that tells nothing about this one: HMAC-SHA256 of the purpose. 32 bytes.
    public func derived(for purpose: StaticString) throws(SigningError) -> [UInt8] {
        try HMACSHA256.code(
            of: TaggedMessage(purpose: "derived-key", texts: [purpose.description]).bytes, key: bytes)
    }

    /// The key's id.
    public var description: String { "sealing key \(Hex.encode(id))" }

    /// The key's id.
    public var debugDescription: String { description }

    /// Shows nothing of the key to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
