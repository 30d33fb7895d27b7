/// Keeps of a line that is written over and over, as a progress bar is, only what stood there last.
///
/// The result holds no carriage returns. Someone who follows must see something of a line that never ends: `flush`
/// gives what stands there now, and when it is written over afterwards the new state begins a line of its own.
/// Without a call of `flush`, where the stream is cut makes no difference.
public struct CarriageReturnCollapser: Sendable {
    /// A line that is longer is no progress bar, and is let through as it comes.
    public static let lineLimit = 16_384

    private var line: [UInt8] = []
    /// Whether the current line's beginning is out already.
    private var isOpen = false
    /// Whether the line is too long to be held.
    private var isLong = false
    private var returned = false

    /// A collapser at the beginning of a line.
    public init() {}

    /// Takes the next bytes, and gives the lines that are complete.
    public mutating func push(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            take(rest[..<end], &output)
            if rest[end] == 0x0A {
                output += line
                output.append(0x0A)
                self = Self()
            } else {
                returned = true
            }
            rest = rest[(end + 1)...]
        }
        take(rest, &output)
        return output
    }

    /// Gives what stands on the unfinished line now.
    public mutating func flush() -> [UInt8] {
        guard !line.isEmpty else { return [] }
        isOpen = true
        defer { line = [] }
        return line
    }

    /// Ends the stream, and gives the unfinished line.
    public mutating func finish() -> [UInt8] {
        defer { self = Self() }
        return line
    }

    private mutating func take(_ text: ArraySlice<UInt8>, _ output: inout [UInt8]) {
        guard !text.isEmpty else { return }
        if returned {
            returned = false
            line = []
            if isOpen { output.append(0x0A) }
            isOpen = false
            isLong = false
        }
        line += text
        if isLong || line.count > Self.lineLimit {
            output += line
            line = []
            isOpen = true
            isLong = true
        }
    }
}
