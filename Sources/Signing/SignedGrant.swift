/// A short text that grants something until a time to whoever holds it, such as a link to a page in a status.
///
/// The text carries the expiry and a signature; what it grants is known from where it is used, and is bound in the
/// signature: `1.<expiry, Unix s>.<HMAC-SHA256, URL-safe base64>`.
///
/// Printing it shows nothing of the key.
public struct SignedGrant: Sendable, CustomStringConvertible, CustomReflectable {
    /// What a text was worth.
    public enum Answer: Sendable, Hashable {
        /// It grants what it was asked for.
        case granted
        /// It did, until that time (Unix s).
        case expired(at: Int64)
        /// It was not made here, or for something else.
        case refused
    }

    private let purpose: StaticString
    private let key: [UInt8]

    /// Grants and checks for one purpose, such as `page-link`, with a key of at least 32 bytes
    /// (`SealingKey.derived(for:)` gives one).
    /// - Throws: `SigningError` with code `invalidKey`.
    public init(purpose: StaticString, key: [UInt8]) throws(SigningError) {
        guard key.count >= 32 else {
            throw SigningError(.invalidKey, message: "The key for signed links is shorter than 32 bytes.")
        }
        self.purpose = purpose
        self.key = key
    }

    /// The purpose alone.
    public var description: String { "grants for \(purpose) [redacted]" }

    /// Shows nothing of the key to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// A text that grants `fields` until `expiry` (Unix s).
    public func text(for fields: [String], until expiry: Int64) throws(SigningError) -> String {
        "1.\(expiry)." + Base64.encode(try code(fields, expiry), as: .urlSafe)
    }

    /// Whether a text grants `fields` at `now` (Unix s). Any text may come here.
    public func check(_ text: String, for fields: [String], now: Int64) throws(SigningError) -> Answer {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 128, parts.count == 3, parts[0] == "1", let expiry = Int64(parts[1]),
            // One way to write a number, so that one grant has one text.
            String(expiry) == parts[1],
            let claimed = Base64.decode(parts[2], as: .urlSafe), ConstantTime.equal(claimed, try code(fields, expiry))
        else { return .refused }
        return now < expiry ? .granted : .expired(at: expiry)
    }

    private func code(_ fields: [String], _ expiry: Int64) throws(SigningError) -> [UInt8] {
        try HMACSHA256.code(
            of: TaggedMessage(purpose: purpose, texts: fields + [String(expiry)]).bytes, key: key)
    }
}
