/// Goes through an XML document of a stranger, tag by tag.
///
/// Nothing is looked up outside of it, nothing that it declares is used, and no entity but the five of XML itself and
/// characters by number is replaced: what a document type says is passed over. Depth and lengths are bounded; the time it
/// takes grows with the document alone.
struct XMLScanner {
    /// What stands at a place.
    enum Event {
        /// An element begins; one that is written as empty ends at once as well.
        case start(String, [String: String])
        /// An element ends.
        case end(String)
        /// Text between tags, which `text(of:)` reads; of a CDATA section as it stands.
        case text(Range<Int>, isLiteral: Bool)
    }

    /// Why it cannot be gone on with. What came before still counts.
    struct Malformed: Error, Equatable {
        var reason: String
    }

    private static let depthLimit = 100
    private static let attributeLimit = 100
    private static let nameLimit = 200
    /// How many bytes of an attribute's value, or of a text, are read; the rest is passed over.
    static let textLimit = 16 << 10

    private let bytes: [UInt8]
    private var place = 0
    private var open: [String] = []
    private var pendingEnd: String?
    private var hasRoot = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
    }

    /// What comes next; nil at the document's end.
    mutating func next() throws(Malformed) -> Event? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while place < bytes.count {
            guard bytes[place] == Self.less else {
                let start = place
                place = bytes[start...].firstIndex(of: Self.less) ?? bytes.count
                if open.isEmpty {
                    guard bytes[start..<place].allSatisfy(Self.isBlank) else {
                        throw Malformed(reason: "it is not XML")
                    }
                    continue
                }
                return .text(start..<place, isLiteral: false)
            }
            if follows("<!--") {
                try skip(past: "-->", what: "a comment")
            } else if follows("<![CDATA[") {
                let start = place + 9
                try skip(past: "]]>", what: "a CDATA section")
                if !open.isEmpty { return .text(start..<max(start, place - 3), isLiteral: true) }
            } else if follows("<?") {
                try skip(past: "?>", what: "an instruction")
            } else if follows("<!") {
                try skipDeclaration()
            } else if follows("</") {
                return try end()
            } else {
                return try start()
            }
        }
        if let name = open.last { throw Malformed(reason: "it ends within <\(name)>") }
        guard hasRoot else { throw Malformed(reason: "it is empty") }
        return nil
    }

    /// A text with its entities replaced, its beginning alone where it is long.
    func text(of range: Range<Int>, isLiteral: Bool) -> String {
        let part = bytes[range.lowerBound..<min(range.upperBound, range.lowerBound + Self.textLimit)]
        return isLiteral ? String(decoding: part, as: UTF8.self) : Self.replacing(part)
    }

    // MARK: - Tags

    private mutating func start() throws(Malformed) -> Event {
        place += 1
        let name = try name()
        guard open.count < Self.depthLimit else { throw Malformed(reason: "it is nested too deeply") }
        guard !open.isEmpty || !hasRoot else { throw Malformed(reason: "it has more than one root") }
        hasRoot = true
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            guard place < bytes.count else { throw Malformed(reason: "it ends within <\(name)>") }
            if bytes[place] == Self.greater {
                place += 1
                open.append(name)
                return .start(name, attributes)
            }
            if follows("/>") {
                place += 2
                pendingEnd = name
                return .start(name, attributes)
            }
            let (key, value) = try attribute(of: name)
            if attributes.count < Self.attributeLimit { attributes[key] = value }
        }
    }

    private mutating func end() throws(Malformed) -> Event {
        place += 2
        let name = try name()
        skipBlanks()
        guard place < bytes.count, bytes[place] == Self.greater else {
            throw Malformed(reason: "it ends within </\(name)>")
        }
        place += 1
        guard open.popLast() == name else { throw Malformed(reason: "</\(name)> ends what is not open") }
        return .end(name)
    }

    private mutating func attribute(of element: String) throws(Malformed) -> (String, String) {
        let key = try name()
        skipBlanks()
        guard place < bytes.count, bytes[place] == UInt8(ascii: "=") else {
            throw Malformed(reason: "an attribute of <\(element)> has no value")
        }
        place += 1
        skipBlanks()
        guard place < bytes.count, bytes[place] == Self.quote || bytes[place] == Self.apostrophe,
            let close = bytes[(place + 1)...].firstIndex(of: bytes[place])
        else { throw Malformed(reason: "an attribute of <\(element)> is not quoted") }
        let value = bytes[(place + 1)..<min(close, place + 1 + Self.textLimit)]
        place = close + 1
        return (key, Self.replacing(value))
    }

    /// A name without the prefix of its name space.
    private mutating func name() throws(Malformed) -> String {
        let start = place
        while place < bytes.count, Self.isNameByte(bytes[place]) { place += 1 }
        let name = bytes[start..<place]
        guard !name.isEmpty, name.count <= Self.nameLimit else { throw Malformed(reason: "a tag has no name") }
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return String(decoding: local, as: UTF8.self)
    }

    // MARK: - What is passed over

    private mutating func skip(past end: StaticString, what: String) throws(Malformed) {
        let last = [UInt8](UnsafeBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount))
        while place < bytes.count {
            guard let next = bytes[place...].firstIndex(of: last[0]) else { break }
            place = next
            if bytes[place...].starts(with: last) {
                place += last.count
                return
            }
            place += 1
        }
        throw Malformed(reason: "it ends within \(what)")
    }

    /// A document type, with all that it declares.
    private mutating func skipDeclaration() throws(Malformed) {
        guard open.isEmpty else { throw Malformed(reason: "a declaration stands within an element") }
        var depth = 0
        var quoted: UInt8?
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if let mark = quoted {
                if byte == mark { quoted = nil }
                continue
            }
            switch byte {
            case Self.quote, Self.apostrophe: quoted = byte
            case Self.less: depth += 1
            case Self.greater:
                depth -= 1
                if depth == 0 { return }
            default: break
            }
        }
        throw Malformed(reason: "it ends within a declaration")
    }

    private mutating func skipBlanks() {
        while place < bytes.count, Self.isBlank(bytes[place]) { place += 1 }
    }

    private func follows(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard place + count <= bytes.count else { return false }
        return (0..<count).allSatisfy { bytes[place + $0] == text.utf8Start[$0] }
    }

    // MARK: - Text

    private static func replacing(_ part: ArraySlice<UInt8>) -> String {
        guard part.contains(ampersand) else { return String(decoding: part, as: UTF8.self) }
        var text: [UInt8] = []
        text.reserveCapacity(part.count)
        var rest = part
        while let byte = rest.first {
            // No name of an entity that is replaced is longer.
            if byte == ampersand, let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")),
                let character = character(String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self))
            {
                text += Array(character.utf8)
                rest = rest[(end + 1)...]
            } else {
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func character(_ entity: String) -> String? {
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        guard entity.hasPrefix("#") else { return nil }
        let digits = entity.dropFirst()
        let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }

    private static let less = UInt8(ascii: "<")
    private static let greater = UInt8(ascii: ">")
    private static let quote = UInt8(ascii: "\"")
    private static let apostrophe = UInt8(ascii: "'")
    private static let ampersand = UInt8(ascii: "&")

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }
}
