/// A token that a person or a runner shows to the server. Only its digest is stored.
///
/// `pawl_` and 32 random bytes in URL-safe base64: too many to guess, so that a plain SHA-256 is digest enough, and
/// easy to find by scanners for leaked secrets.
public enum AccessToken {
    /// What every token begins with.
    public static let prefix = "pawl_"

    /// A new token. It is shown once and never stored.
    public static func make() throws(SigningError) -> String {
        prefix + Base64.encode(try SecureRandom.bytes(32), as: .urlSafe)
    }

    /// What is stored of a token, and looked up when one is shown: 64 hexadecimal digits.
    ///
    /// A database may look this up with an ordinary index: its time tells about a digest, not about a token.
    public static func digest(of token: String) throws(SigningError) -> String {
        Hex.encode(try SHA256Digest.of(Array(token.utf8)))
    }

    /// Whether a text has a token's form, so that anything else is refused before the database is asked.
    public static func isWellFormed(_ text: String) -> Bool {
        text.hasPrefix(prefix) && Base64.decode(text.dropFirst(prefix.count), as: .urlSafe)?.count == 32
    }
}
