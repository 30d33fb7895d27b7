/// The records of a TFRecord file: an eight-byte length, its masked CRC-32C, the bytes, their masked CRC-32C, all numbers
/// little-endian.
///
/// A file that ends within a record is one that is still written, or was cut: what came before it counts. A length whose
/// checksum is wrong makes the rest of the file unreadable; a record whose checksum is wrong is left out.
struct RecordReader {
    /// Gives at most so many of the next bytes; none at the end.
    private let read: (Int) throws -> [UInt8]
    private var buffer: [UInt8] = []
    private var position = 0

    /// How many records were left out because their checksum was wrong.
    private(set) var damaged = 0
    /// Whether the file could not be read to its end, because a length was wrong.
    private(set) var isBroken = false

    /// Records that are larger are read over: they hold pictures, audio or graphs.
    static let recordLimit = 1 << 20
    private static let pieceSize = 256 << 10

    init(read: @escaping (Int) throws -> [UInt8]) { self.read = read }

    /// The next record that can hold a scalar; nil at the end.
    mutating func next() throws -> ArraySlice<UInt8>? {
        while !isBroken, try fill(12) {
            let head = take(12)
            let lengthBytes = head.prefix(8)
            guard CRC32C.masked(lengthBytes) == Self.number(head.suffix(4), as: UInt32.self) else {
                isBroken = true
                return nil
            }
            let length = Self.number(lengthBytes, as: UInt64.self)
            guard length <= UInt64(Self.recordLimit) else {
                guard length < 1 << 40, try skip(Int(length) + 4) else { return nil }
                continue
            }
            guard try fill(Int(length) + 4) else { return nil }
            let data = take(Int(length))
            if CRC32C.masked(data) == Self.number(take(4), as: UInt32.self) { return data }
            damaged += 1
        }
        return nil
    }

    /// Makes sure that so many bytes are there.
    private mutating func fill(_ count: Int) throws -> Bool {
        guard buffer.count - position < count else { return true }
        buffer.removeFirst(position)
        position = 0
        while buffer.count < count {
            let piece = try read(Self.pieceSize)
            if piece.isEmpty { return false }
            buffer += piece
        }
        return true
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { position += count }
        return buffer[position..<position + count]
    }

    private mutating func skip(_ count: Int) throws -> Bool {
        var left = count
        while left > 0 {
            guard try fill(1) else { return false }
            let step = min(left, buffer.count - position)
            position += step
            left -= step
        }
        return true
    }

    private static func number<Number: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>, as: Number.Type) -> Number {
        bytes.reversed().reduce(0) { ($0 << 8) | Number($1) }
    }
}
