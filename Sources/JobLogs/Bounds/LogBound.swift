/// Keeps a log within a limit: its beginning and its end, and says how much is missing between them.
///
/// The beginning goes through as it comes. When it is full a line says that the rest follows at the end; `finish` then
/// gives the end, led by a line such as `… 12,345,678 bytes left out …` where something is missing. The end is half of
/// the limit, and no more than 8 MiB: it is held in memory.
public struct LogBound: Sendable {
    /// How much of an end is kept at most, in bytes.
    private static let longestEnd = 8 << 20

    /// What the beginning still takes; below zero once the last bytes of a character went past it.
    private var headLeft: Int
    private let tailLimit: Int
    private var isHeadFull = false
    private var tail: [UInt8] = []
    private var dropped = 0
    private var endsLine = true

    /// Keeps at most `limit` bytes, the lines about what is missing not counted.
    public init(limit: Int) {
        tailLimit = min((max(0, limit) + 1) / 2, Self.longestEnd)
        headLeft = max(0, limit) - tailLimit
    }

    /// Takes the next bytes, and gives those of the beginning.
    public mutating func push(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return [] }
        if isHeadFull {
            keep(bytes[...])
            return []
        }
        guard bytes.count > headLeft else {
            headLeft -= bytes.count
            endsLine = bytes.last == 0x0A
            return bytes
        }
        // A character is not cut: its last bytes still belong to the beginning.
        var end = max(0, headLeft)
        while end < bytes.count, bytes[end] & 0xC0 == 0x80, end < headLeft + 3 { end += 1 }
        var head = Array(bytes[..<end])
        if end == bytes.count {
            headLeft -= end
            endsLine = head.last == 0x0A
            return head
        }
        isHeadFull = true
        if let last = head.last { endsLine = last == 0x0A }
        head += Self.line(
            "the log is long: what follows is kept back, and its end is shown when the job ends", endsLine)
        keep(bytes[end...])
        return head
    }

    /// Ends the log, and gives its end.
    public mutating func finish() -> [UInt8] {
        trim(to: tailLimit)
        var rest = tail[...]
        if dropped > 0 {
            // Begins with a whole line where one begins soon.
            if let lineEnd = rest.prefix(4_096).firstIndex(of: 0x0A), lineEnd + 1 < rest.endIndex {
                dropped += lineEnd + 1 - rest.startIndex
                rest = rest[(lineEnd + 1)...]
            }
            while let first = rest.first, first & 0xC0 == 0x80 {
                dropped += 1
                rest = rest.dropFirst()
            }
        }
        defer {
            tail = []
            dropped = 0
        }
        return (dropped > 0 ? Self.line("\(Self.grouped(dropped)) bytes left out", true) : []) + rest
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        tail += bytes
        // Trimmed now and then, so that a byte is moved once on average.
        if tail.count > 2 * tailLimit { trim(to: tailLimit) }
    }

    private mutating func trim(to count: Int) {
        guard tail.count > count else { return }
        dropped += tail.count - count
        tail.removeFirst(tail.count - count)
    }

    /// A line of Pawl's own, colours put back first, on a line by itself.
    private static func line(_ text: String, _ endsLine: Bool) -> [UInt8] {
        Array("\u{1B}[0m\(endsLine ? "" : "\n")… \(text) …\n".utf8)
    }

    /// A number with commas between thousands.
    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
