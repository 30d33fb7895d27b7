import COpenSSL

/// An HMAC-SHA256 (RFC 2104) in the making: bytes go in as they come, 32 bytes come out.
public struct HMACSHA256: ~Copyable, @unchecked Sendable {
    // The context is owned by this value alone, which cannot be copied: whoever holds it may use it.
    private let context: OpaquePointer

    /// The length of a code in bytes.
    public static let length = 32

    /// Made once, and never freed: looking an algorithm up costs more than a short message's code.
    private static let algorithm = Algorithm()

    private struct Algorithm: @unchecked Sendable {
        // OpenSSL counts references to a fetched algorithm atomically and never changes it; the parameters and the
        // texts they point to are only read.
        let pointer = EVP_MAC_fetch(nil, "HMAC", nil)
        let parameters: [OSSL_PARAM]

        init() {
            // A parameter keeps the addresses of its two texts, which a Swift string would lend for one call only.
            let name = Self.permanent(OSSL_MAC_PARAM_DIGEST)
            parameters = [
                OSSL_PARAM_construct_utf8_string(name, Self.permanent("SHA256"), 0), OSSL_PARAM_construct_end(),
            ]
        }

        private static func permanent(_ text: String) -> UnsafeMutablePointer<CChar> {
            let characters = Array(text.utf8CString)
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: characters.count)
            copy.initialize(from: characters, count: characters.count)
            return copy
        }
    }

    /// Begins a code.
    /// - Throws: `SigningError` with code `invalidKey` for an empty key, with which anyone could make codes.
    public init(key: [UInt8]) throws(SigningError) {
        guard !key.isEmpty else {
            throw SigningError(.invalidKey, message: "The key is empty. Anybody could sign with it; set a longer one.")
        }
        guard let algorithm = Self.algorithm.pointer, let context = EVP_MAC_CTX_new(algorithm) else {
            throw .library("EVP_MAC_CTX_new")
        }
        guard EVP_MAC_init(context, key, key.count, Self.algorithm.parameters) == 1 else {
            EVP_MAC_CTX_free(context)
            throw .library("EVP_MAC_init")
        }
        self.context = context
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) throws(SigningError) {
        let result = withContiguousBytes(bytes) { EVP_MAC_update(context, $0.baseAddress, $0.count) }
        guard result == 1 else { throw .library("EVP_MAC_update") }
    }

    /// Ends the code and gives its 32 bytes.
    public consuming func finish() throws(SigningError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: Self.length)
        var length = 0
        guard EVP_MAC_final(context, &code, &length, code.count) == 1, length == Self.length else {
            throw .library("EVP_MAC_final")
        }
        return code
    }

    /// The code of bytes that are all there.
    public static func code(of bytes: some Collection<UInt8>, key: [UInt8]) throws(SigningError) -> [UInt8] {
        var code = try HMACSHA256(key: key)
        try code.update(bytes)
        return try code.finish()
    }
}
