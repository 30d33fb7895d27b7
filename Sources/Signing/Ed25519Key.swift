import COpenSSL

/// A private Ed25519 key (RFC 8032), made of 32 secret bytes. The same bytes are the same key.
///
/// Printing it shows nothing of the key.
public final class Ed25519Key: Sendable, CustomStringConvertible, CustomReflectable {
    // OpenSSL's keys may be used from many threads at once as long as nobody changes them, and nobody does.
    private nonisolated(unsafe) let key: OpaquePointer

    /// Takes 32 secret bytes.
    /// - Throws: `SigningError` with code `invalidKey` where they are not as many.
    public init(seed: [UInt8]) throws(SigningError) {
        guard seed.count == 32, let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            throw SigningError(.invalidKey, message: "An Ed25519 key is made of 32 bytes, not of \(seed.count).")
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature of a message, 64 bytes.
    public func signature(of message: [UInt8]) throws(SigningError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .library("EVP_MD_CTX_new") }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1 else { throw .library("EVP_DigestSignInit") }
        var signature = [UInt8](repeating: 0, count: 64)
        var length = signature.count
        guard EVP_DigestSign(context, &signature, &length, message, message.count) == 1, length == 64 else {
            throw .library("EVP_DigestSign")
        }
        return signature
    }

    /// The public key as PEM (SubjectPublicKeyInfo), for whoever checks signatures.
    public func publicPEM() throws(SigningError) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { throw .library("BIO_new") }
        defer { BIO_free(memory) }
        guard PEM_write_bio_PUBKEY(memory, key) == 1 else { throw .library("PEM_write_bio_PUBKEY") }
        var bytes = [UInt8](repeating: 0, count: 1_000)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        guard count > 0 else { throw .library("BIO_read") }
        return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
    }

    /// Always `[redacted]`.
    public var description: String { "[redacted]" }

    /// Shows nothing of the key to `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
