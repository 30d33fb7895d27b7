/// Reads what a job wrote as text with colours, and leaves out every other command to a terminal.
///
/// Bytes come in as they were written, cut anywhere: half a letter or half a sequence waits for the rest. SGR sequences
/// become styles; those that move the cursor, clear the screen, rename a window or make links are dropped. What is not
/// UTF-8 is shown as U+FFFD.
public struct ANSIText: Sendable {
    /// A run of text in one style.
    public struct Piece: Hashable, Sendable {
        /// The text, without control characters but for line ends and tabs.
        public var text: String
        /// Its style.
        public var style: Style
    }

    /// How a run of text looks.
    public struct Style: Hashable, Sendable {
        /// One of the eight colours and their bright forms (0 to 15); nil for the usual one.
        public var foreground: Int?
        /// The colour behind.
        public var background: Int?
        /// Whether letters are bold.
        public var isBold = false
        /// Whether letters are faint.
        public var isFaint = false
        /// Whether letters are italic.
        public var isItalic = false
        /// Whether letters are underlined.
        public var isUnderlined = false

        /// The usual style.
        public init() {}

        /// Whether nothing is set.
        public var isPlain: Bool { self == Style() }

        /// The numbers of an SGR sequence that sets this style.
        public var codes: String {
            var codes: [Int] = []
            if isBold { codes.append(1) }
            if isFaint { codes.append(2) }
            if isItalic { codes.append(3) }
            if isUnderlined { codes.append(4) }
            if let foreground { codes.append(foreground < 8 ? 30 + foreground : 82 + foreground) }
            if let background { codes.append(background < 8 ? 40 + background : 92 + background) }
            return codes.map(String.init).joined(separator: ";")
        }
    }

    private enum State {
        case text
        case escape
        /// Between `ESC [` and the letter that ends the sequence.
        case control([UInt8])
        /// Between `ESC ]` (or P, X, ^, _) and its terminator; whether an ESC has just come.
        case string(sawEscape: Bool)
        /// After `ESC (` and the like: one more byte belongs to it.
        case designation
    }

    private var state = State.text
    private var style = Style()
    private var held: [UInt8] = []

    /// A sequence longer than this is none.
    private static let longestSequence = 64

    /// Begins with the usual style.
    public init() {}

    /// Takes the next bytes, and gives the text that is complete now.
    public mutating func take(_ bytes: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var run = held
        held = []
        for byte in bytes {
            switch state {
            case .text:
                if byte == 0x1B {
                    flush(&run, into: &pieces)
                    state = .escape
                } else if byte == 0x0A || byte == 0x09 || byte >= 0x20 && byte != 0x7F {
                    run.append(byte)
                }
            case .escape: state = afterEscape(byte)
            case .designation: state = .text
            case .control(let sequence): takeControl(byte, after: sequence)
            case .string(let sawEscape):
                if byte == 0x07 || sawEscape && byte == 0x5C {
                    state = .text
                } else {
                    state = .string(sawEscape: byte == 0x1B)
                }
            }
        }
        let whole = run.count - Self.incompleteTail(of: run)
        held = Array(run[whole...])
        run.removeSubrange(whole...)
        flush(&run, into: &pieces)
        return pieces
    }

    private func afterEscape(_ byte: UInt8) -> State {
        switch byte {
        case UInt8(ascii: "["): .control([])
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            .string(sawEscape: false)
        case 0x20...0x2F: .designation
        case 0x1B: .escape
        default: .text
        }
    }

    private mutating func takeControl(_ byte: UInt8, after sequence: [UInt8]) {
        switch byte {
        case 0x40...0x7E:
            if byte == UInt8(ascii: "m") { apply(sequence) }
            state = .text
        case 0x20...0x3F where sequence.count < Self.longestSequence: state = .control(sequence + [byte])
        case 0x1B: state = .escape
        default: state = .text
        }
    }

    private mutating func apply(_ sequence: [UInt8]) {
        let text = String(decoding: sequence, as: UTF8.self)
        guard text.allSatisfy({ $0.isNumber || $0 == ";" || $0 == ":" }) else { return }
        var codes = text.split(omittingEmptySubsequences: false) { $0 == ";" || $0 == ":" }
            .map { $0.isEmpty ? 0 : Int($0) ?? -1 }[...]
        while let code = codes.popFirst() {
            switch code {
            case 0: style = Style()
            case 1: style.isBold = true
            case 2: style.isFaint = true
            case 3: style.isItalic = true
            case 4: style.isUnderlined = true
            case 22: (style.isBold, style.isFaint) = (false, false)
            case 23: style.isItalic = false
            case 24: style.isUnderlined = false
            case 30...37: style.foreground = code - 30
            case 90...97: style.foreground = code - 82
            case 39: style.foreground = nil
            case 40...47: style.background = code - 40
            case 100...107: style.background = code - 92
            case 49: style.background = nil
            case 38: style.foreground = Self.extended(&codes) ?? style.foreground
            case 48: style.background = Self.extended(&codes) ?? style.background
            default: break
            }
        }
    }

    /// A colour of the 256: the first sixteen are kept, the others would need a palette and are not.
    private static func extended(_ codes: inout ArraySlice<Int>) -> Int? {
        switch codes.popFirst() {
        case 5:
            guard let number = codes.popFirst(), (0...15).contains(number) else { return nil }
            return number
        case 2:
            codes = codes.dropFirst(3)
            return nil
        default: return nil
        }
    }

    private func flush(_ run: inout [UInt8], into pieces: inout [Piece]) {
        guard !run.isEmpty else { return }
        let text = String(decoding: run, as: UTF8.self)
        run = []
        if let last = pieces.indices.last, pieces[last].style == style {
            pieces[last].text += text
        } else {
            pieces.append(Piece(text: text, style: style))
        }
    }

    /// How many bytes at the end begin a letter that is not whole yet.
    private static func incompleteTail(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }
}
