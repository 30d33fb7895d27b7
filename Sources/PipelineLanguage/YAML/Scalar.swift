/// A single value: its text, and what YAML 1.1 takes a plain text for, as GitLab's parser does.
struct Scalar: Sendable {
    enum Kind: Sendable, Equatable {
        case null
        case bool(Bool)
        case integer(Int)
        case float(Double)
        case string
    }

    /// The text as written, without quotes.
    let text: String
    /// What it is.
    let kind: Kind

    /// A quoted or block text is a string whatever it looks like; a plain one may be something else.
    init(_ text: String, isPlain: Bool) {
        self.text = text
        kind = isPlain ? Scalar.resolve(text) : .string
    }

    /// The text a variable gets: numbers lose what is not part of their value, as `3.10` does in GitLab.
    var variableText: String? {
        switch kind {
        case .null: nil
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .float(let value): value.isFinite ? "\(value)" : text
        case .string: text
        }
    }

    /// Whether the text of the number differs from what was written, which surprises people.
    var losesItsForm: Bool {
        switch kind {
        case .integer, .float: variableText != text
        case .null, .bool, .string: false
        }
    }

    private static func resolve(_ text: String) -> Kind {
        guard text.utf8.count <= 64 else { return .string }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": return .bool(true)
        case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": return .bool(false)
        default: return number(text) ?? .string
        }
    }

    private static func number(_ text: String) -> Kind? {
        guard let first = text.utf8.first, first < 0x3A, first >= 0x2B, first != UInt8(ascii: "/") else { return nil }
        let negative = text.hasPrefix("-")
        let digits = negative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let plain = digits.filter { $0 != "_" && $0 != "," }
        guard let head = digits.first, head.isASCII, head.isNumber || head == "." else { return nil }
        for (prefix, radix) in [("0x", 16), ("0b", 2)] where plain.hasPrefix(prefix) {
            return Int(plain.dropFirst(2), radix: radix).map { .integer(negative ? -$0 : $0) }
        }
        if plain.allSatisfy({ $0.isASCII && $0.isNumber }) {
            if plain.count > 1, plain.hasPrefix("0") {
                return Int(plain, radix: 8).map { .integer(negative ? -$0 : $0) }
            }
            return Int(plain).map { .integer(negative ? -$0 : $0) }
        }
        let allowed = plain.allSatisfy { $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }
        guard allowed, plain.contains("."), plain.contains(where: \.isNumber), let value = Double(plain) else {
            return nil
        }
        return .float(negative ? -value : value)
    }
}
