import COpenSSL

/// A SHA-256 digest in the making: bytes go in as they come, 32 bytes come out.
public struct SHA256Digest: ~Copyable, @unchecked Sendable {
    // The context is owned by this value alone, which cannot be copied: whoever holds it may use it.
    private let context: OpaquePointer

    /// The length of a digest in bytes.
    public static let length = 32

    /// Begins a digest.
    public init() throws(SigningError) {
        guard let context = EVP_MD_CTX_new() else { throw .library("EVP_MD_CTX_new") }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw .library("EVP_DigestInit_ex")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) throws(SigningError) {
        let result = withContiguousBytes(bytes) { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        guard result == 1 else { throw .library("EVP_DigestUpdate") }
    }

    /// Ends the digest and gives its 32 bytes.
    public consuming func finish() throws(SigningError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.length)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .library("EVP_DigestFinal_ex") }
        return digest
    }

    /// The digest of bytes that are all there.
    public static func of(_ bytes: some Collection<UInt8>) throws(SigningError) -> [UInt8] {
        var digest = try SHA256Digest()
        try digest.update(bytes)
        return try digest.finish()
    }
}

/// Lends the bytes of a collection in one piece, copied only where they are not.
func withContiguousBytes<Result>(
    _ bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
) -> Result {
    bytes.withContiguousStorageIfAvailable(body) ?? Array(bytes).withUnsafeBufferPointer(body)
}
