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

    private var line: [UInt8] = []
    private var found: String?
    private var isOver = false

    /// Remembers nothing yet.
    public init() {}

    /// The line without colours and blanks around it, at most 120 characters long; nil when there is none.
    public var text: String? { isOver ? found : (Self.said(by: line) ?? found) }

    /// Takes the next bytes.
    public mutating func push(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !isOver, let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end])
            if line.starts(with: Self.afterMark.utf8) {
                isOver = true
            } else if let said = Self.said(by: line) {
                found = said
            }
            line = []
            rest = rest[(end + 1)...]
        }
        if !isOver { take(rest) }
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        line += bytes.prefix(max(0, Self.readLimit - line.count))
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
