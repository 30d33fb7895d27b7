/// Reads RE2's syntax, which is what GitLab's patterns are written in: no look-around, no back references.
struct PatternParser {
    private struct Flags {
        var foldsCase = false
        var isMultiline = false
        var dotTakesLineFeed = false
        var prefersFew = false
    }

    private var rest: Substring.UnicodeScalarView
    private var flags = Flags()
    private var depth = 0
    private var groups = 0

    private static let depthLimit = 200
    private static let repeatLimit = 1_000

    private init(_ text: String) { rest = Substring(text).unicodeScalars }

    /// Reads a pattern with the flags that stand after its closing slash.
    static func parse(_ text: String, flags: String = "") throws(PatternError) -> PatternSyntax {
        guard text.utf8.count <= 10_000 else { throw PatternError(message: "the pattern is longer than 10,000 bytes") }
        var parser = PatternParser(text)
        for flag in flags.unicodeScalars { try parser.set(flag, to: true) }
        let result = try parser.alternatives()
        guard parser.rest.isEmpty else { throw PatternError(message: "there is a ) too many") }
        return result
    }

    private mutating func alternatives() throws(PatternError) -> PatternSyntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw PatternError(message: "its groups are nested too deeply") }
        let outer = flags
        defer { flags = outer }
        var choices: [PatternSyntax] = []
        var parts: [PatternSyntax] = []
        var repeatable = false
        var wasRepeated = false
        while let scalar = rest.first, scalar != ")" {
            if scalar == "|" {
                rest.removeFirst()
                choices.append(.sequence(parts))
                parts = []
                repeatable = false
                wasRepeated = false
            } else if let (least, most) = try repetition() {
                guard repeatable, let last = parts.popLast() else {
                    throw PatternError(
                        message: wasRepeated
                            ? "a repetition repeats a repetition" : "nothing stands before a repetition")
                }
                var isLazy = flags.prefersFew
                if rest.first == "?" {
                    rest.removeFirst()
                    isLazy.toggle()
                }
                parts.append(.repeated(last, min: least, max: most, isLazy: isLazy))
                repeatable = false
                wasRepeated = true
            } else {
                let part = try atom()
                if let part { parts.append(part) }
                repeatable = part != nil
                wasRepeated = false
            }
        }
        choices.append(.sequence(parts))
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    /// `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`; a brace that is none of these is an ordinary character.
    private mutating func repetition() throws(PatternError) -> (Int, Int?)? {
        switch rest.first {
        case "*": rest.removeFirst(); return (0, nil)
        case "+": rest.removeFirst(); return (1, nil)
        case "?": rest.removeFirst(); return (0, 1)
        case "{": break
        default: return nil
        }
        var ahead = rest.dropFirst()
        guard let least = Self.number(&ahead) else { return nil }
        var most: Int? = least
        if ahead.first == "," {
            ahead.removeFirst()
            most = ahead.first == "}" ? nil : Self.number(&ahead)
            if most == nil && ahead.first != "}" { return nil }
        }
        guard ahead.first == "}" else { return nil }
        rest = ahead.dropFirst()
        guard least <= Self.repeatLimit, most ?? 0 <= Self.repeatLimit, most ?? least >= least else {
            throw PatternError(message: "a repetition count is wrong or above \(Self.repeatLimit)")
        }
        return (least, most)
    }

    private static func number(_ text: inout Substring.UnicodeScalarView) -> Int? {
        let digits = text.prefix { ScalarSet.digits.contains($0) }
        guard !digits.isEmpty, digits.count <= 6, let value = Int(String(Substring(digits))) else { return nil }
        text = text[digits.endIndex...]
        return value
    }

    /// One thing that can be repeated; nil for a group that only sets flags.
    private mutating func atom() throws(PatternError) -> PatternSyntax? {
        let scalar = rest.removeFirst()
        switch scalar {
        case "(": return try group()
        case "[": return .one(folding(try PatternClassParser.parse(&rest)))
        case ".": return .one(flags.dotTakesLineFeed ? .all : .notLineFeed)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "\\": return try escaped()
        default: return .one(folding(ScalarSet(scalar)))
        }
    }

    private func folding(_ set: ScalarSet) -> ScalarSet { flags.foldsCase ? set.foldingCase : set }

    private mutating func escaped() throws(PatternError) -> PatternSyntax {
        switch rest.first {
        case "A": rest.removeFirst(); return .assertion(.textStart)
        case "z": rest.removeFirst(); return .assertion(.textEnd)
        case "b": rest.removeFirst(); return .assertion(.wordBoundary)
        case "B": rest.removeFirst(); return .assertion(.noWordBoundary)
        case "Q": rest.removeFirst(); return quoted()
        default: return .one(folding(try PatternClassParser.escape(&rest)))
        }
    }

    private mutating func quoted() -> PatternSyntax {
        var parts: [PatternSyntax] = []
        while let scalar = rest.popFirst() {
            if scalar == "\\", rest.first == "E" {
                rest.removeFirst()
                break
            }
            parts.append(.one(folding(ScalarSet(scalar))))
        }
        return .sequence(parts)
    }

    private mutating func group() throws(PatternError) -> PatternSyntax? {
        let outer = flags
        var number: Int?
        if rest.first != "?" {
            groups += 1
            number = groups
        } else {
            rest.removeFirst()
            guard let next = rest.first else { throw PatternError(message: "a group is not closed") }
            if next == "P" || next == "<" {
                try groupName()
                groups += 1
                number = groups
            } else if try !groupFlags() {
                return nil
            }
        }
        let inner = try alternatives()
        guard rest.first == ")" else { throw PatternError(message: "a group is not closed") }
        rest.removeFirst()
        flags = outer
        return number.map { .group(inner, number: $0) } ?? inner
    }

    private mutating func groupName() throws(PatternError) {
        if rest.first == "P" { rest.removeFirst() }
        guard rest.popFirst() == "<" else { throw PatternError(message: "(?P must be followed by <name>") }
        if rest.first == "=" || rest.first == "!" { throw Self.lookAround }
        let name = rest.prefix { ScalarSet.word.contains($0) }
        rest = rest[name.endIndex...]
        guard !name.isEmpty, rest.popFirst() == ">" else { throw PatternError(message: "a group's name is wrong") }
    }

    /// Reads the flags after `(?`. True when a group follows them, false when they hold for the rest of this group.
    private mutating func groupFlags() throws(PatternError) -> Bool {
        var value = true
        while let scalar = rest.popFirst() {
            switch scalar {
            case ":": return true
            case ")": return false
            case "-": value = false
            case "=", "!": throw Self.lookAround
            default: try set(scalar, to: value)
            }
        }
        throw PatternError(message: "a group is not closed")
    }

    private static let lookAround = PatternError(message: "look-ahead and look-behind are not part of RE2's syntax")

    private mutating func set(_ flag: Unicode.Scalar, to value: Bool) throws(PatternError) {
        switch flag {
        case "i": flags.foldsCase = value
        case "m": flags.isMultiline = value
        case "s": flags.dotTakesLineFeed = value
        case "U": flags.prefersFew = value
        default: throw PatternError(message: "\"\(flag)\" is not a flag; i, m, s and U are")
        }
    }
}
