import COpenSSL

/// A value sealed with AES-256-GCM, bound to the place it belongs to.
///
/// The bytes are: version 1 (1 byte), the key's id (8), a random nonce (12), the sealed value, its tag (16). The place
/// is authenticated but not stored: a box moved to another row, repository or name does not open.
public struct SealedBox: Hashable, Sendable {
    /// What is stored.
    public let bytes: [UInt8]

    private static let version: UInt8 = 1
    private static let nonceLength = 12
    private static let tagLength = 16
    private static let headerLength = 1 + 8 + nonceLength

    /// Wraps stored bytes. They are checked when opened.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// Seals a value for a place.
    public init(sealing value: [UInt8], for place: TaggedMessage, with key: SealingKey) throws(SigningError) {
        let nonce = try SecureRandom.bytes(Self.nonceLength)
        let header = [Self.version] + key.id + nonce
        let cipher = try Cipher(key: key.bytes, nonce: nonce, direction: .seal)
        try cipher.authenticate(header + place.bytes)
        let sealed = try cipher.process(value)
        try cipher.finish()
        bytes = header + sealed + (try cipher.tag(length: Self.tagLength))
    }

    /// Opens the box.
    /// - Throws: `SigningError` with code `cannotOpen` when the box was changed, was sealed with another key, or
    ///   belongs to another place.
    public func open(for place: TaggedMessage, with key: SealingKey) throws(SigningError) -> [UInt8] {
        guard bytes.count >= Self.headerLength + Self.tagLength, bytes[0] == Self.version else {
            throw SigningError(.cannotOpen, message: "This is no sealed value of a version that this pawl reads.")
        }
        guard ConstantTime.equal(bytes[1..<9], key.id) else {
            throw SigningError(
                .cannotOpen,
                message: "The value was sealed with the key \(Hex.encode(bytes[1..<9])), and the key here is "
                    + "\(Hex.encode(key.id)). Put the old sealing key back, or set the secret again.")
        }
        let cipher = try Cipher(key: key.bytes, nonce: Array(bytes[9..<Self.headerLength]), direction: .open)
        try cipher.authenticate(Array(bytes[..<Self.headerLength]) + place.bytes)
        let value = try cipher.process(Array(bytes[Self.headerLength..<(bytes.count - Self.tagLength)]))
        try cipher.setTag(Array(bytes.suffix(Self.tagLength)))
        do {
            try cipher.finish()
        } catch {
            throw SigningError(
                .cannotOpen,
                message: "The sealed value does not belong here or was changed. Set the secret again, or restore it.")
        }
        return value
    }
}

/// One run of AES-256-GCM. Its calls come in order: authenticate, process, (set the tag,) finish, (read the tag).
private struct Cipher: ~Copyable {
    enum Direction: Int32 { case open = 0, seal = 1 }

    private let context: OpaquePointer

    init(key: [UInt8], nonce: [UInt8], direction: Direction) throws(SigningError) {
        guard let context = EVP_CIPHER_CTX_new() else { throw .library("EVP_CIPHER_CTX_new") }
        guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, direction.rawValue) == 1 else {
            EVP_CIPHER_CTX_free(context)
            throw .library("EVP_CipherInit_ex")
        }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    func authenticate(_ data: [UInt8]) throws(SigningError) {
        var length: Int32 = 0
        guard let count = Int32(exactly: data.count), EVP_CipherUpdate(context, nil, &length, data, count) == 1 else {
            throw .library("EVP_CipherUpdate")
        }
    }

    func process(_ data: [UInt8]) throws(SigningError) -> [UInt8] {
        // GCM gives as many bytes as it takes; no bytes would be taken for the end of the additional data.
        guard !data.isEmpty else { return [] }
        var output = [UInt8](repeating: 0, count: data.count)
        var length: Int32 = 0
        guard let count = Int32(exactly: data.count),
            EVP_CipherUpdate(context, &output, &length, data, count) == 1, Int(length) == data.count
        else { throw .library("EVP_CipherUpdate") }
        return output
    }

    func finish() throws(SigningError) {
        var rest = [UInt8](repeating: 0, count: 16)
        var length: Int32 = 0
        guard EVP_CipherFinal_ex(context, &rest, &length) == 1, length == 0 else {
            throw .library("EVP_CipherFinal_ex")
        }
    }

    func tag(length: Int) throws(SigningError) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: length)
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(length), &tag) == 1 else {
            throw .library("EVP_CIPHER_CTX_ctrl")
        }
        return tag
    }

    func setTag(_ tag: [UInt8]) throws(SigningError) {
        var tag = tag
        guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else {
            throw .library("EVP_CIPHER_CTX_ctrl")
        }
    }
}
