extension JSONValue {
    /// Why a text is not JSON that is read here.
    public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What was found, and what was wanted.
        public let message: String
        /// The place, in bytes from the beginning.
        public let offset: Int

        /// The message with the place.
        public var description: String { "\(message) at byte \(offset)" }
    }

    /// Objects and arrays inside each other that are still read. Forges' own payloads stay under ten.
    public static let depthLimit = 64

    /// Values in one text that are still read: a value takes far more memory than the two bytes it can be written with.
    /// The largest payloads of forges, 25 MB, have about a fifth of that.
    public static let countLimit = 1_000_000

    /// Reads one JSON text in UTF-8, with nothing but blanks around it.
    ///
    /// Depth is bounded before it is descended into, so no input can exhaust the stack.
    /// - Throws: `SyntaxError` for anything that is not JSON or not UTF-8, is deeper than `depthLimit`, or has more than
    ///   `countLimit` values.
    public init(parsing bytes: some Collection<UInt8>) throws(SyntaxError) {
        var reader = JSONReader(bytes: Array(bytes))
        self = try reader.document()
    }
}

/// Walks over the bytes of one JSON text.
private struct JSONReader {
    let bytes: [UInt8]
    var position = 0
    var count = 0

    mutating func document() throws(JSONValue.SyntaxError) -> JSONValue {
        // GitHub and GitLab send none, but a byte order mark says nothing that could be misread.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw error("There is something after the end of the JSON text") }
        return value
    }

    func error(_ message: String) -> JSONValue.SyntaxError { .init(message: message, offset: position) }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
        guard depth < JSONValue.depthLimit else {
            throw error("The JSON text is deeper than \(JSONValue.depthLimit) levels")
        }
        count += 1
        guard count <= JSONValue.countLimit else {
            throw error("The JSON text has more than \(JSONValue.countLimit) values")
        }
        skipBlanks()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        case nil: throw error("The JSON text ends too early")
        default: throw error("No JSON value begins")
        }
    }

    mutating func object(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipBlanks()
        if take("}") { return .object(members) }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw error("A member's name is missing") }
            let name = try string()
            skipBlanks()
            guard take(":") else { throw error("A colon is missing") }
            members[name] = try value(depth: depth + 1)
            skipBlanks()
            if take("}") { return .object(members) }
            guard take(",") else { throw error("An object is not ended") }
        }
    }

    mutating func array(depth: Int) throws(JSONValue.SyntaxError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("An array is not ended") }
        }
    }

    mutating func word(_ word: String, _ value: JSONValue) throws(JSONValue.SyntaxError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw error("No JSON value begins") }
        position += word.utf8.count
        return value
    }

    mutating func number() throws(JSONValue.SyntaxError) -> JSONValue {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        var isWhole = true
        if take(".") {
            isWhole = false
            try digits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        // The digits are ASCII by now, so the text is what the bytes say.
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { throw error("A number is too large") }
        return .number(number)
    }

    mutating func digits() throws(JSONValue.SyntaxError) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw error("A digit is missing") }
    }

    mutating func string() throws(JSONValue.SyntaxError) -> String {
        position += 1
        var content: [UInt8] = []
        var start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                content += bytes[start..<position]
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw error("A string is not UTF-8")
                }
                position += 1
                return text
            case UInt8(ascii: "\\"):
                content += bytes[start..<position]
                position += 1
                try escape(into: &content)
                start = position
            case 0..<0x20:
                throw error("A control character stands in a string")
            default:
                position += 1
            }
        }
        throw error("A string is not ended")
    }

    mutating func escape(into content: inout [UInt8]) throws(JSONValue.SyntaxError) {
        guard let byte = next else { throw error("A string is not ended") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content += try unicodeEscape()
        default: throw error("An unknown escape stands in a string")
        }
    }

    mutating func unicodeEscape() throws(JSONValue.SyntaxError) -> [UInt8] {
        var code = UInt32(try fourHexDigits())
        // Half of a pair alone stands for no character: it becomes the replacement character, as other readers do.
        if (0xD800...0xDBFF).contains(code), bytes[position...].starts(with: #"\u"#.utf8) {
            let back = position
            position += 2
            let low = UInt32(try fourHexDigits())
            if (0xDC00...0xDFFF).contains(low) {
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            } else {
                position = back
            }
        }
        return Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
    }

    mutating func fourHexDigits() throws(JSONValue.SyntaxError) -> UInt16 {
        guard position + 4 <= bytes.count,
            let code = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
            next != UInt8(ascii: "+"), next != UInt8(ascii: "-")
        else { throw error("Four hexadecimal digits are missing") }
        position += 4
        return code
    }
}
