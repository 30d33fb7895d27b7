/// A signing token of the Standard Webhooks scheme: `whsec_` and the base64 of 24 to 64 bytes.
///
/// What is signed is `<id>.<timestamp>.<body>`; a signature is `v1,` and the base64 of its HMAC-SHA256.
public struct StandardWebhookKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The key that requests are signed with.
    public let bytes: [UInt8]

    /// What every token begins with.
    public static let prefix = "whsec_"

    /// Reads a token.
    /// - Throws: `SigningError` with code `invalidKey`.
    public init(token: String) throws(SigningError) {
        guard token.hasPrefix(Self.prefix), let bytes = Base64.decode(token.dropFirst(Self.prefix.count)),
            (24...64).contains(bytes.count)
        else {
            throw SigningError(
                .invalidKey,
                message: "This is no signing token: it begins with \(Self.prefix), and the base64 of 24 to 64 bytes "
                    + "follows. Copy it from the webhook's page, or make a new one there.")
        }
        self.bytes = bytes
    }

    /// A new token with 32 random bytes, as GitLab makes them.
    public static func makeToken() throws(SigningError) -> String { prefix + Base64.encode(try SecureRandom.bytes(32)) }

    /// What is signed before the body's bytes.
    public static func signedPrefix(id: String, timestamp: String) -> [UInt8] { Array("\(id).\(timestamp).".utf8) }

    /// The value of `webhook-signature` for a request.
    public func signature(id: String, timestamp: Int64, body: [UInt8]) throws(SigningError) -> String {
        var code = try HMACSHA256(key: bytes)
        try code.update(Self.signedPrefix(id: id, timestamp: String(timestamp)))
        try code.update(body)
        return "v1," + Base64.encode(try code.finish())
    }

    /// The codes in a `webhook-signature` that may be compared: entries of other versions, and entries that are not
    /// well-formed, are skipped.
    public static func codes(in header: String) -> [[UInt8]] {
        header.split(separator: " ").compactMap { entry in
            guard entry.hasPrefix("v1,"), let code = Base64.decode(entry.dropFirst(3)),
                code.count == HMACSHA256.length
            else { return nil }
            return code
        }
    }

    /// Always `[redacted]`.
    public var description: String { "[redacted]" }

    /// Shows nothing of the key to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
