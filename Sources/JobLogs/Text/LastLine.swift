/// Remembers the last line of a job's output that says something, for a status text.
///
/// Lines in which the runner repeats a command do not count, nor does anything after the runner's mark that the
/// script has ended.
public struct LastLine: Sendable {
    /// Begins a line in which the runner repeats a command before it runs.
    public static let commandMark = "\u{1B}[32;1m$ "
    /// Begins the line after which no output is the script's any more.
    public static let afterMark = "\u{1B}[36;1mRunning after_script"

    private static let lengthLimit = 120
    /// A longer line is read to here.
    private static let readLimit = 4_096

    /// The unfinished line.
    private var line: [UInt8] = []
    /// The last finished line that says something.
    private var found: [UInt8] = []
    private var isOver = false

    /// Remembers nothing yet.
    public init() {}

    /// The line without colours and blanks around it, at most 120 characters long; nil when there is none.
    public var text: String? { (isOver ? nil : Self.said(by: line)) ?? Self.said(by: found) }

    /// Takes the next bytes.
    public mutating func push(_ bytes: [UInt8]) {
        var rest = bytes[...]
        // Only the last line of a piece is copied: this runs over every byte of every log.
        var latest: ArraySlice<UInt8> = []
        while !isOver, let end = rest.firstIndex(of: 0x0A) {
            var ended = rest[..<end]
            if !line.isEmpty {
                take(ended)
                ended = line[...]
                line = []
            }
            if ended.starts(with: Self.afterMark.utf8) {
                isOver = true
            } else if Self.saysSomething(ended) {
                latest = ended
            }
            rest = rest[(end + 1)...]
        }
        if !latest.isEmpty { found = Array(latest.prefix(Self.readLimit)) }
        if !isOver { take(rest) }
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        line += bytes.prefix(max(0, Self.readLimit - line.count))
    }

    /// Whether a line has more than blanks and colours, and is none of the runner's repeating a command.
    private static func saysSomething(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.first(where: { $0 != 0x20 && $0 != 0x09 }) else { return false }
        return first != 0x1B || said(by: Array(line.prefix(readLimit))) != nil
    }

    private static func said(by line: [UInt8]) -> String? {
        guard !line.starts(with: commandMark.utf8) else { return nil }
        var plain: [UInt8] = []
        var isInSequence = false
        for byte in line {
            if byte == 0x1B {
                isInSequence = true
            } else if isInSequence {
                isInSequence = byte != UInt8(ascii: "m")
            } else {
                plain.append(byte == 0x09 ? 0x20 : byte)
            }
        }
        let isBlank: (Character) -> Bool = { $0 == " " }
        let text = String(decoding: plain, as: UTF8.self).drop(while: isBlank)
        guard let last = text.lastIndex(where: { !isBlank($0) }) else { return nil }
        let trimmed = text[...last]
        return trimmed.count > lengthLimit ? trimmed.prefix(lengthLimit - 1) + "…" : String(trimmed)
    }
}
