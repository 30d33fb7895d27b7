/// One of the ways in which writers of JSON escape a text. They all mean the same, and a secret may come in each.
struct JSONWriting {
    /// Whether `/` is escaped, as PHP does.
    var escapesSlash: Bool
    /// Whether text past ASCII is escaped, as Python does.
    var escapesText: Bool
    /// Further characters that are escaped by their number, for the sake of HTML.
    var numbered: Set<Unicode.Scalar>
    /// Whether numbers have capital digits, as .NET's do.
    var isUppercase: Bool
    /// Whether backspace and form feed have short forms, as they do not in Go.
    var hasAllShortForms: Bool

    /// What is escaped by its number: nothing, as Go, Gson and .NET do it.
    private static let numbered = ["", "<>&\u{2028}\u{2029}", "<>&='", "<>&'+`\""].map { Set($0.unicodeScalars) }

    /// Every way.
    static let all: [JSONWriting] = numbered.flatMap { numbered in
        (0..<16).map { bits in
            JSONWriting(
                escapesSlash: bits & 1 != 0, escapesText: bits & 2 != 0, numbered: numbered,
                isUppercase: bits & 4 != 0, hasAllShortForms: bits & 8 != 0)
        }
    }

    /// A text as it stands between the quotes.
    func escaped(_ text: String) -> [UInt8] { text.unicodeScalars.flatMap(escaped) }

    private func escaped(_ scalar: Unicode.Scalar) -> [UInt8] {
        if numbered.contains(scalar) { return byNumber(scalar) }
        switch scalar {
        case "\"": return Array("\\\"".utf8)
        case "\\": return Array("\\\\".utf8)
        case "\n": return Array("\\n".utf8)
        case "\r": return Array("\\r".utf8)
        case "\t": return Array("\\t".utf8)
        case "\u{08}" where hasAllShortForms: return Array("\\b".utf8)
        case "\u{0C}" where hasAllShortForms: return Array("\\f".utf8)
        case "/" where escapesSlash: return Array("\\/".utf8)
        default:
            guard scalar.value < 0x20 || (escapesText && scalar.value > 0x7E) else { return Array(String(scalar).utf8) }
            return byNumber(scalar)
        }
    }

    private func byNumber(_ scalar: Unicode.Scalar) -> [UInt8] {
        String(scalar).utf16.flatMap { unit -> [UInt8] in
            let digits = String(unit, radix: 16, uppercase: isUppercase)
            return Array(("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
        }
    }
}
