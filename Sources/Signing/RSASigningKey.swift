import COpenSSL

/// A private RSA key read from PEM, such as a GitHub App's; it signs JSON Web Tokens with RS256.
///
/// Printing it shows nothing of the key.
public final class RSASigningKey: Sendable, CustomStringConvertible, CustomReflectable {
    // OpenSSL's keys may be used from many threads at once as long as nobody changes them, and nobody does.
    private nonisolated(unsafe) let key: OpaquePointer

    /// Reads a private key in PEM, PKCS#1 or PKCS#8, without a passphrase.
    /// - Throws: `SigningError` with code `invalidKey` when it is none, or shorter than 2,048 bits.
    public init(pem: String) throws(SigningError) {
        guard let key = Self.read(Array(pem.utf8)) else {
            let reason = SigningError.library("PEM_read_bio_PrivateKey", .invalidKey).message
            throw SigningError(
                .invalidKey,
                message: "The private key cannot be read. Give the whole PEM file, without a passphrase. \(reason)")
        }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA, EVP_PKEY_get_bits(key) >= 2_048 else {
            EVP_PKEY_free(key)
            throw SigningError(
                .invalidKey, message: "The private key is not an RSA key of 2,048 bits or more, as GitHub Apps have.")
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    private static func read(_ pem: [UInt8]) -> OpaquePointer? {
        // The memory is read where it lies, so it is lent until the key is read.
        pem.withUnsafeBytes { bytes in
            guard let length = Int32(exactly: bytes.count), let memory = BIO_new_mem_buf(bytes.baseAddress, length)
            else { return nil }
            defer { BIO_free(memory) }
            // A callback that gives no passphrase: OpenSSL's own would ask for one on the terminal.
            return PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    /// The RS256 signature (RSASSA-PKCS1-v1_5 with SHA-256) of a message.
    public func signature(of message: [UInt8]) throws(SigningError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .library("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1 else {
            throw .library("EVP_DigestSignInit")
        }
        var length = 0
        guard EVP_DigestSign(context, nil, &length, message, message.count) == 1 else {
            throw .library("EVP_DigestSign")
        }
        var signature = [UInt8](repeating: 0, count: length)
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1 else {
            throw .library("EVP_DigestSign")
        }
        return Array(signature.prefix(length))
    }

    /// A JSON Web Token (RFC 7519) with these claims, a JSON object in UTF-8, signed with RS256.
    public func webToken(claims: [UInt8]) throws(SigningError) -> String {
        let header = Base64.encode(Array(#"{"alg":"RS256","typ":"JWT"}"#.utf8), as: .urlSafe)
        let signed = header + "." + Base64.encode(claims, as: .urlSafe)
        return signed + "." + Base64.encode(try signature(of: Array(signed.utf8)), as: .urlSafe)
    }

    /// Always `[redacted]`.
    public var description: String { "[redacted]" }

    /// Shows nothing of the key to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
