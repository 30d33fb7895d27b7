import COpenSSL

/// Comparisons whose time does not tell where two values differ.
public enum ConstantTime {
    /// Whether two byte strings are equal. Different lengths are unequal at once; a length is no secret here.
    public static func equal(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        let left = Array(left)
        let right = Array(right)
        guard left.count == right.count else { return false }
        return CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Whether two secrets are equal, without telling by the time it takes how long they are.
    ///
    /// Both are digested first, so that secrets of any length are compared in as many steps.
    public static func equalSecrets(_ left: [UInt8], _ right: [UInt8]) throws(SigningError) -> Bool {
        equal(try SHA256Digest.of(left), try SHA256Digest.of(right))
    }
}
