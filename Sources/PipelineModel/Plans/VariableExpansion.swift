/// Variables with their references to each other replaced, by GitLab's rules.
///
/// `$NAME` and `${NAME}` are replaced, `$$` gives `$`, an unknown name gives nothing, and a variable that refers to
/// itself through others keeps its reference as written. A later variable of the same name hides an earlier one.
public struct VariableExpansion: Sendable {
    private let raw: [String: Variable]
    private let names: [String]

    /// How long an expanded value may get, in UTF-8 bytes; what is longer is cut. Doubling references stay bounded.
    public static let limit = 1 << 20

    /// How many variables may refer on to each other; a reference beyond that is kept as written, like one in a circle.
    public static let depthLimit = 100

    /// Takes variables in ascending precedence.
    public init(_ variables: [Variable]) {
        var raw: [String: Variable] = [:]
        var names: [String] = []
        for variable in variables {
            if raw.updateValue(variable, forKey: variable.name) == nil { names.append(variable.name) }
        }
        self.raw = raw
        self.names = names
    }

    /// Every variable once, in the order of first mention, with its final value.
    public var all: [(name: String, value: String)] {
        var walk = Walk()
        return names.map { ($0, value(of: $0, &walk)) }
    }

    /// The final value of one variable; nil when there is none of that name.
    public subscript(name: String) -> String? {
        guard raw[name] != nil else { return nil }
        var walk = Walk()
        return value(of: name, &walk)
    }

    /// What becomes of a reference to a variable that there is not.
    public enum Unknown: Sendable {
        /// It gives nothing.
        case vanishes
        /// It is kept as written, as in the paths of rules. Within values it still gives nothing.
        case stays
    }

    /// A text with its references replaced.
    public func expand(_ text: String, unknown: Unknown) -> String {
        var walk = Walk()
        return expand(text, unknown, &walk)
    }

    /// A text with its references replaced; one to an unknown name gives nothing.
    public func expand(_ text: String) -> String { expand(text, unknown: .vanishes) }

    /// What one expansion remembers: finished values, the way down to here, and how many references it may still follow.
    private struct Walk {
        var finished: [String: String] = [:]
        var visiting: Set<String> = []
        var sawCycle = false
        var budget = 10_000
    }

    private func value(of name: String, _ walk: inout Walk) -> String {
        if let known = walk.finished[name] { return known }
        guard let variable = raw[name] else { return "" }
        guard variable.expands, variable.value.utf8.contains(UInt8(ascii: "$")) else { return variable.value }
        let outer = walk.sawCycle
        walk.sawCycle = false
        walk.visiting.insert(name)
        let expanded = expand(variable.value, .vanishes, &walk)
        walk.visiting.remove(name)
        // Inside a cycle the value depends on where the walk began, so only a value free of one is kept.
        if !walk.sawCycle || walk.visiting.isEmpty { walk.finished[name] = expanded }
        walk.sawCycle = walk.sawCycle || outer
        return expanded
    }

    private func expand(_ text: String, _ unknown: Unknown, _ walk: inout Walk) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let after = rest[rest.index(after: dollar)...]
            if after.first == "$" {
                result += "$"
                rest = after.dropFirst()
            } else if let (name, remaining) = Self.reference(in: after) {
                walk.budget -= 1
                if walk.visiting.contains(name) || walk.visiting.count >= Self.depthLimit || walk.budget < 0 {
                    walk.sawCycle = true
                    result += rest[dollar..<remaining.startIndex]
                } else if unknown == .stays && raw[name] == nil {
                    result += rest[dollar..<remaining.startIndex]
                } else {
                    result += value(of: name, &walk)
                }
                rest = remaining
            } else {
                result += "$"
                rest = after
            }
            if result.utf8.count > Self.limit { return String(result.prefix(Self.limit)) }
        }
        return result + rest
    }

    /// The name right after a `$`, in braces or not, and what follows it.
    private static func reference(in text: Substring) -> (String, Substring)? {
        if text.first == "{" {
            guard let close = text.firstIndex(of: "}") else { return nil }
            let name = text[text.index(after: text.startIndex)..<close]
            guard isName(name) else { return nil }
            return (String(name), text[text.index(after: close)...])
        }
        let name = text.prefix { isNameCharacter($0) }
        guard isName(name) else { return nil }
        return (String(name), text[name.endIndex...])
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy(isNameCharacter)
    }

    private static func isNameCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
    }
}
