/// The fields of a Protocol Buffers message, one after the other, of those wire types that event files have. It ends at the
/// first byte that cannot be right.
struct ProtobufFields: Sequence, IteratorProtocol {
    /// What a field holds.
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> (number: Int, value: Value)? {
        guard let key = varint(), key >> 3 > 0, key >> 3 < 1 << 29 else { return nil }
        let number = Int(key >> 3)
        switch key & 7 {
        case 0: return varint().map { (number, .varint($0)) }
        case 1: return take(8).map { (number, .fixed64(Self.number($0))) }
        case 2:
            guard let length = varint(), length <= UInt64(rest.count) else { return nil }
            return take(Int(length)).map { (number, .bytes($0)) }
        case 5: return take(4).map { (number, .fixed32(UInt32(Self.number($0)))) }
        default: return nil
        }
    }

    /// The numbers of a packed field.
    static func packedVarints(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
        var fields = ProtobufFields(bytes)
        var numbers: [UInt64] = []
        while let number = fields.varint() { numbers.append(number) }
        return numbers
    }

    /// Bytes as a number, the least significant first.
    static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { ($0 << 8) | UInt64($1) } }

    private mutating func varint() -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        return nil
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
