/// Takes out of a log what would command the terminal or page that shows it, and leaves the text and its colours.
///
/// Kept: text, tabs, line ends, carriage returns and colour sequences (SGR). A move to the first column becomes a
/// carriage return, which is how some progress bars say it. Everything else that begins with ESC, and every other
/// control character, is dropped; titles, links and other strings to the terminal never swallow more than their line.
/// Bytes that are not UTF-8 pass.
public struct ControlSequenceFilter: Sendable {
    /// No sequence that is kept is longer; a string to the terminal ends after `stringLimit` bytes at the latest.
    private static let sequenceLimit = 64
    private static let stringLimit = 4_096

    private enum State {
        case text
        /// After 0xC2, which begins the two-byte form of the control characters U+0080 to U+009F.
        case twoByte
        case escape
        /// After ESC and intermediate bytes, until a final byte.
        case escapeIntermediate
        case sequence
        case string(length: Int)
        case stringEscape
    }

    private var state = State.text
    private var sequence: [UInt8] = []

    /// A filter at the beginning of a stream.
    public init() {}

    /// Takes the next bytes, and gives what is left of them.
    public mutating func push(_ bytes: [UInt8]) -> [UInt8] {
        if case .text = state, bytes.allSatisfy(Self.isPlain) { return bytes }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for byte in bytes { take(byte, &output) }
        return output
    }

    /// Ends the stream. An unfinished sequence is dropped.
    public mutating func finish() -> [UInt8] {
        defer { self = Self() }
        if case .twoByte = state { return [0xC2] }
        return []
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x0A, 0x0D: true
        case 0x20...0x7E: true
        case 0xC2: false
        default: byte >= 0x80
        }
    }

    private mutating func take(_ byte: UInt8, _ output: inout [UInt8]) {
        switch state {
        case .text: takeText(byte, &output)
        case .twoByte:
            state = .text
            if (0x80...0x9F).contains(byte) { return }
            output.append(0xC2)
            takeText(byte, &output)
        case .escape: takeEscape(byte, &output)
        case .escapeIntermediate:
            if (0x20...0x2F).contains(byte) { return }
            state = .text
            if !(0x30...0x7E).contains(byte) { takeText(byte, &output) }
        case .sequence: takeSequence(byte, &output)
        case .string(let length):
            switch byte {
            case 0x1B: state = .stringEscape
            case 0x07, 0x18, 0x1A: state = .text
            case 0x0A:
                state = .text
                output.append(byte)
            default: state = length < Self.stringLimit ? .string(length: length + 1) : .text
            }
        case .stringEscape:
            state = .text
            // ESC and a backslash end the string; any other sequence ends it as well and begins anew.
            if byte != UInt8(ascii: "\\") { takeEscape(byte, &output) }
        }
    }

    private mutating func takeText(_ byte: UInt8, _ output: inout [UInt8]) {
        switch byte {
        case 0x1B: state = .escape
        case 0xC2: state = .twoByte
        default:
            if Self.isPlain(byte) { output.append(byte) }
        }
    }

    private mutating func takeEscape(_ byte: UInt8, _ output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "["):
            sequence = [0x1B, byte]
            state = .sequence
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "X"):
            state = .string(length: 0)
        case 0x20...0x2F: state = .escapeIntermediate
        case 0x1B: state = .escape
        case 0x30...0x7E: state = .text
        default:
            state = .text
            takeText(byte, &output)
        }
    }

    private mutating func takeSequence(_ byte: UInt8, _ output: inout [UInt8]) {
        switch byte {
        case 0x20...0x3F where sequence.count < Self.sequenceLimit: sequence.append(byte)
        case 0x40...0x7E:
            state = .text
            let parameters = sequence.dropFirst(2)
            if byte == UInt8(ascii: "m"), parameters.allSatisfy({ (0x30...0x3B).contains($0) }) {
                output += sequence + [byte]
            } else if byte == UInt8(ascii: "G"), parameters.isEmpty || parameters.elementsEqual("1".utf8) {
                output.append(0x0D)
            }
        default:
            state = .text
            takeText(byte, &output)
        }
    }
}
