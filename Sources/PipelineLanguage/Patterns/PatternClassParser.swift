/// Reads what stands for one character of a pattern: `[a-z]`, `\d`, `\x41`, `\pL`.
enum PatternClassParser {
    /// The class after its opening bracket.
    static func parse(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> ScalarSet {
        var set = ScalarSet()
        var isNegated = false
        if rest.first == "^" {
            isNegated = true
            rest.removeFirst()
        }
        var isFirst = true
        while let scalar = rest.first {
            if scalar == "]" && !isFirst {
                rest.removeFirst()
                return isNegated ? set.negated : set
            }
            isFirst = false
            if let named = try namedClass(&rest) {
                set.formUnion(named)
                continue
            }
            let low = try element(&rest)
            guard let first = low.single, rest.first == "-", rest.dropFirst().first.map({ $0 != "]" }) ?? false else {
                set.formUnion(low.set)
                continue
            }
            rest.removeFirst()
            guard let last = try element(&rest).single, first.value <= last.value else {
                throw PatternError(message: "a range in [ ] is upside down")
            }
            set.insert(first.value...last.value)
        }
        throw PatternError(message: "a [ is not closed")
    }

    /// The set that an escape stands for, after its backslash.
    static func escape(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> ScalarSet {
        try escapedElement(&rest).set
    }

    private struct Element {
        var set: ScalarSet
        /// The character, where the element is just one.
        var single: Unicode.Scalar?

        init(_ set: ScalarSet) { self.set = set }

        init(_ scalar: Unicode.Scalar) {
            set = ScalarSet(scalar)
            single = scalar
        }
    }

    private static func element(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> Element {
        guard let scalar = rest.popFirst() else { throw PatternError(message: "a [ is not closed") }
        return scalar == "\\" ? try escapedElement(&rest) : Element(scalar)
    }

    private static func escapedElement(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> Element {
        guard let scalar = rest.popFirst() else { throw PatternError(message: "it ends with a backslash") }
        switch scalar {
        case "d": return Element(ScalarSet.digits)
        case "D": return Element(ScalarSet.digits.negated)
        case "w": return Element(ScalarSet.word)
        case "W": return Element(ScalarSet.word.negated)
        case "s": return Element(ScalarSet.space)
        case "S": return Element(ScalarSet.space.negated)
        case "n": return Element("\n")
        case "r": return Element("\r")
        case "t": return Element("\t")
        case "f": return Element("\u{C}")
        case "v": return Element("\u{B}")
        case "a": return Element("\u{7}")
        case "p", "P": return Element(try property(&rest, negated: scalar == "P"))
        case "x": return Element(try hexadecimal(&rest))
        case "0"..."7": return try octal(scalar, &rest)
        default:
            guard !ScalarSet.word.contains(scalar) else {
                throw PatternError(message: "\\\(scalar) means nothing in RE2's syntax")
            }
            return Element(scalar)
        }
    }

    private static func hexadecimal(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> Unicode.Scalar {
        let isHex: (Unicode.Scalar) -> Bool = { $0.properties.isASCIIHexDigit }
        var digits = rest.prefix(2)
        var end = digits.endIndex
        if rest.first == "{" {
            digits = rest.dropFirst().prefix(while: isHex)
            end = rest[digits.endIndex...].first == "}" ? rest.index(after: digits.endIndex) : digits.startIndex
        }
        let text = String(Substring(digits))
        guard !text.isEmpty, text.unicodeScalars.allSatisfy(isHex), end > digits.startIndex,
            text.count >= 2 || rest.first == "{",
            let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value)
        else { throw PatternError(message: "\\x is followed by no character code") }
        rest = rest[end...]
        return scalar
    }

    /// `\0` and codes of two or three digits; one digit alone would be a back reference.
    private static func octal(
        _ first: Unicode.Scalar, _ rest: inout Substring.UnicodeScalarView
    ) throws(PatternError) -> Element {
        let more = rest.prefix(2).prefix { ("0"..."7").contains($0) }
        guard first == "0" || !more.isEmpty else {
            throw PatternError(message: "back references such as \\\(first) are not part of RE2's syntax")
        }
        let text = String(first) + String(Substring(more))
        rest = rest[more.endIndex...]
        guard let value = UInt32(text, radix: 8), let scalar = Unicode.Scalar(value) else {
            throw PatternError(message: "\\\(text) is no character code")
        }
        return Element(scalar)
    }

    private static func namedClass(_ rest: inout Substring.UnicodeScalarView) throws(PatternError) -> ScalarSet? {
        guard rest.first == "[", rest.dropFirst().first == ":" else { return nil }
        var name = rest.dropFirst(2).prefix { $0 != ":" && $0 != "]" }
        let end = rest[name.endIndex...]
        guard end.first == ":", end.dropFirst().first == "]" else { return nil }
        rest = end.dropFirst(2)
        let isNegated = name.first == "^"
        if isNegated { name.removeFirst() }
        guard let set = posix[String(Substring(name))] else {
            throw PatternError(message: "[:\(Substring(name)):] is not a class")
        }
        return isNegated ? set.negated : set
    }

    private static let posix: [String: ScalarSet] = [
        "alnum": ScalarSet([48...57, 65...90, 97...122]), "alpha": ScalarSet([65...90, 97...122]),
        "ascii": ScalarSet([0...127]), "blank": ScalarSet([9...9, 32...32]), "cntrl": ScalarSet([0...31, 127...127]),
        "digit": .digits, "graph": ScalarSet([33...126]), "lower": ScalarSet([97...122]),
        "print": ScalarSet([32...126]), "punct": ScalarSet([33...47, 58...64, 91...96, 123...126]),
        "space": ScalarSet([9...13, 32...32]), "upper": ScalarSet([65...90]), "word": .word,
        "xdigit": ScalarSet([48...57, 65...70, 97...102]),
    ]

    /// `\pL`, `\p{Lu}`: the general categories that names of branches and titles are matched with.
    private static func property(
        _ rest: inout Substring.UnicodeScalarView, negated: Bool
    ) throws(PatternError) -> ScalarSet {
        var name = rest.prefix(1)
        if rest.first == "{" {
            name = rest.dropFirst().prefix { $0 != "}" }
            guard rest[name.endIndex...].first == "}" else { throw PatternError(message: "\\p{ is not closed") }
            rest = rest[name.endIndex...].dropFirst()
        } else {
            rest = rest.dropFirst()
        }
        let text = String(Substring(name))
        guard let ranges = categoryRanges[text] else {
            throw PatternError(message: "\\p{\(text.prefix(20))} is not supported; L, Lu, Ll, N and Nd are")
        }
        return negated ? ScalarSet(ranges).negated : ScalarSet(ranges)
    }

    private static let categoryRanges: [String: [ClosedRange<UInt32>]] = [
        "L": ranges {
            [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter].contains($0)
        },
        "Lu": ranges { $0 == .uppercaseLetter }, "Ll": ranges { $0 == .lowercaseLetter },
        "N": ranges { [.decimalNumber, .letterNumber, .otherNumber].contains($0) },
        "Nd": ranges { $0 == .decimalNumber },
    ]

    private static func ranges(_ matches: (Unicode.GeneralCategory) -> Bool) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        for value in UInt32(0)...0x323AF {
            guard let scalar = Unicode.Scalar(value), matches(scalar.properties.generalCategory) else { continue }
            if let last = result.last, last.upperBound == value - 1 {
                result[result.count - 1] = last.lowerBound...value
            } else {
                result.append(value...value)
            }
        }
        return result
    }
}
