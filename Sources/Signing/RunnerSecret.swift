/// What runners show to the server: a prefix that says what it is, and 32 random bytes in URL-safe base64. As with
/// `AccessToken`, only a digest is stored.
public enum RunnerSecret: String, Sendable {
    /// With it machines join the pool, until it expires. More may follow the random bytes after a point.
    case joinToken = "pjt_"
    /// A runner's own credential.
    case credential = "prc_"
    /// The token of one attempt, made for the claim.
    case attempt = "pat_"

    /// A new one. It is shown once and never stored by the server.
    public func make() throws(SigningError) -> String {
        rawValue + Base64.encode(try SecureRandom.bytes(32), as: .urlSafe)
    }

    /// Whether a text has the form, so that anything else is refused before the database is asked.
    public func isWellFormed(_ text: String) -> Bool {
        guard text.hasPrefix(rawValue), text.utf8.count <= 256 else { return false }
        let rest = text.dropFirst(rawValue.count)
        let random = self == .joinToken ? rest.prefix { $0 != "." } : rest
        return Base64.decode(random, as: .urlSafe)?.count == 32
    }

    /// What the store keeps of such a text and finds it by: the bytes of its SHA-256.
    public static func storedHash(of text: String) throws(SigningError) -> [UInt8] {
        try SHA256Digest.of(Array(text.utf8))
    }
}
