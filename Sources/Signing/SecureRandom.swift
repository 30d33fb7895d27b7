import COpenSSL

/// Bytes nobody can guess.
public enum SecureRandom {
    /// That many bytes from OpenSSL's generator for secrets.
    public static func bytes(_ count: Int) throws(SigningError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_priv_bytes(&bytes, Int32(count)) == 1 else { throw .library("RAND_priv_bytes") }
        return bytes
    }
}
