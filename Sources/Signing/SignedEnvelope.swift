/// A signed document as DSSE has it (secure-systems-lab/dsse, `envelope.md`): the bytes in base64, their type, and a
/// signature over both, so that nobody has to agree on how JSON is written.
public struct SignedEnvelope: Codable, Hashable, Sendable {
    /// The document, in base64.
    public var payload: String
    /// What the document is.
    public var payloadType: String
    /// Who signed it.
    public var signatures: [Signature]

    /// A signature.
    public struct Signature: Codable, Hashable, Sendable {
        /// Which key it is of: the SHA-256 of the public key's PEM text, in hexadecimal digits. A hint, no proof.
        public var keyid: String
        /// The signature, in base64.
        public var sig: String
    }

    /// Signs a document.
    public init(signing document: [UInt8], type: String, with key: Ed25519Key) throws(SigningError) {
        payload = Base64.encode(document)
        payloadType = type
        let keyID = Hex.encode(try SHA256Digest.of(Array(try key.publicPEM().utf8)))
        let signature = try key.signature(of: Self.signed(document, type: type))
        signatures = [Signature(keyid: keyID, sig: Base64.encode(signature))]
    }

    /// What is signed: lengths before the parts, so that no two documents look alike.
    static func signed(_ document: [UInt8], type: String) -> [UInt8] {
        Array("DSSEv1 \(type.utf8.count) \(type) \(document.count) ".utf8) + document
    }
}
