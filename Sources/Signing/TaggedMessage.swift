/// Fields put together for signing so that no two lists of fields give the same bytes.
///
/// Every field has its length before it, and the purpose and its version stand in front: a signature made for one
/// purpose, or over fields that are cut elsewhere, fits nothing else. Bind everything a signature grants: repository,
/// job, attempt, expiry.
public struct TaggedMessage: Sendable {
    /// What is signed or sealed.
    public let bytes: [UInt8]

    /// Puts a message together.
    /// - Parameters:
    ///   - purpose: what the signature is for, such as `page-link`; a fixed text in the code.
    ///   - version: raised whenever the meaning of the fields changes.
    ///   - fields: what is bound, in a fixed order.
    public init(purpose: StaticString, version: UInt32 = 1, fields: [[UInt8]]) {
        var bytes = Array("pawl\0".utf8)
        func append(number: UInt64) {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        func append(field: [UInt8]) {
            append(number: UInt64(field.count))
            bytes += field
        }
        append(field: Array(purpose.description.utf8))
        append(number: UInt64(version))
        append(number: UInt64(fields.count))
        for field in fields { append(field: field) }
        self.bytes = bytes
    }

    /// Puts a message together from texts, in UTF-8.
    public init(purpose: StaticString, version: UInt32 = 1, texts: [String]) {
        self.init(purpose: purpose, version: version, fields: texts.map { Array($0.utf8) })
    }
}
