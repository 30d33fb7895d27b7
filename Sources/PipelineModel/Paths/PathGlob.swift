/// A pattern over the paths of a workspace, as GitLab's artifacts have them: `*` and `?` stay within a folder, `**` crosses folders,
/// `[a-z]` and `[!a-z]` are one character, `{a,b}` is either.
///
/// Matching takes time in proportion to pattern times path, so that a hostile pattern costs no more than a long one.
public struct PathGlob: Sendable {
    private enum Segment: Sendable {
        case anyFolders
        case pattern([Element])
    }

    private enum Element: Sendable {
        case character(Character)
        case anyCharacter
        case anyCharacters
        case oneOf([ClosedRange<Character>], isNegated: Bool)

        func matches(_ character: Character) -> Bool {
            switch self {
            case .character(let own): own == character
            case .anyCharacter, .anyCharacters: true
            case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
            }
        }
    }

    /// At most this many alternatives come out of one pattern's braces, and four times as many are looked at on the way;
    /// the rest is dropped.
    private static let alternativeLimit = 64

    private let segments: [Segment]

    private init(segments: [Segment]) { self.segments = segments }

    /// The patterns that a text with braces stands for. `./` at the beginning, and `/` at the end, mean nothing here.
    /// A text longer than 4,096 characters, or one that leads outside by `..`, is no pattern.
    public static func patterns(_ text: String) -> [PathGlob] {
        guard text.utf8.count <= 4_096 else { return [] }
        return expandBraces(text).compactMap { alternative in
            let parts = alternative.split(separator: "/").filter { $0 != "." }
            guard !alternative.isEmpty, !alternative.hasPrefix("/"), !parts.contains("..") else { return nil }
            return PathGlob(segments: parts.map { $0 == "**" ? .anyFolders : .pattern(elements($0)) })
        }
    }

    // MARK: Matching

    /// Whether the pattern is `.`, the folder itself.
    public var isRoot: Bool { segments.isEmpty }

    /// Whether the whole path matches.
    public func matches(_ path: [Substring]) -> Bool { reachable(path)[segments.count] }

    /// Whether a path, or a folder it lies in, matches: what matches a folder takes everything in it.
    public func takes(_ path: String) -> Bool {
        if isRoot { return true }
        let parts = path.split(separator: "/")
        return (1...max(parts.count, 1)).contains { matches(Array(parts.prefix($0))) }
    }

    /// Whether a path that begins with this folder could match.
    public func couldMatch(below folder: [Substring]) -> Bool {
        let states = reachable(folder)
        return states.dropLast().contains(true)
    }

    /// Which numbers of segments can have been used up by exactly this path.
    private func reachable(_ path: [Substring]) -> [Bool] {
        var states = [Bool](repeating: false, count: segments.count + 1)
        states[0] = true
        skipAnyFolders(&states)
        for component in path {
            var next = [Bool](repeating: false, count: states.count)
            for (index, segment) in segments.enumerated() where states[index] {
                switch segment {
                case .anyFolders: next[index] = true
                case .pattern(let elements):
                    if Self.matches(elements, component) { next[index + 1] = true }
                }
            }
            skipAnyFolders(&next)
            states = next
        }
        return states
    }

    private func skipAnyFolders(_ states: inout [Bool]) {
        for (index, segment) in segments.enumerated() where states[index] {
            if case .anyFolders = segment { states[index + 1] = true }
        }
    }

    /// Matches within one folder. Only the last `*` is ever gone back to, which is enough and keeps it quadratic.
    private static func matches(_ elements: [Element], _ text: Substring) -> Bool {
        let text = Array(text)
        var (element, position) = (0, 0)
        var star: (element: Int, position: Int)?
        while position < text.count {
            if element < elements.count, case .anyCharacters = elements[element] {
                star = (element, position)
                element += 1
            } else if element < elements.count, elements[element].matches(text[position]) {
                element += 1
                position += 1
            } else if let last = star {
                star = (last.element, last.position + 1)
                element = last.element + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { if case .anyCharacters = $0 { true } else { false } }
    }

    // MARK: Reading

    private static func elements(_ text: Substring) -> [Element] {
        var elements: [Element] = []
        var rest = text
        while let character = rest.popFirst() {
            switch character {
            case "*": elements.append(.anyCharacters)
            case "?": elements.append(.anyCharacter)
            case "\\": elements.append(.character(rest.popFirst() ?? "\\"))
            case "[":
                guard let (set, remaining) = characterSet(rest) else {
                    elements.append(.character("["))
                    continue
                }
                elements.append(set)
                rest = remaining
            default: elements.append(.character(character))
            }
        }
        return elements
    }

    /// Reads what follows a `[`; nil where it is never closed.
    private static func characterSet(_ text: Substring) -> (Element, Substring)? {
        var rest = text
        var isNegated = false
        if rest.first == "!" || rest.first == "^" {
            isNegated = true
            rest.removeFirst()
        }
        var ranges: [ClosedRange<Character>] = []
        while let first = rest.popFirst() {
            if first == "]" && !ranges.isEmpty { return (.oneOf(ranges, isNegated: isNegated), rest) }
            if rest.first == "-", let last = rest.dropFirst().first, last != "]" {
                rest.removeFirst(2)
                if first <= last { ranges.append(first...last) }
            } else {
                ranges.append(first...first)
            }
        }
        return nil
    }

    /// Writes out the alternatives of `{a,b}`, which may stand in each other.
    private static func expandBraces(_ text: String) -> [String] {
        var finished: [String] = []
        var pending = [text]
        var steps = 0
        while let next = pending.popLast(), finished.count < alternativeLimit, steps < alternativeLimit * 4 {
            steps += 1
            guard let (before, alternatives, after) = firstBraces(next) else {
                finished.append(next)
                continue
            }
            for alternative in alternatives.prefix(alternativeLimit).reversed() {
                pending.append(String(before) + alternative + after)
            }
        }
        return finished
    }

    private static func firstBraces(_ text: String) -> (Substring, [Substring], Substring)? {
        guard let open = text.firstIndex(of: "{") else { return nil }
        var depth = 0
        var begin = text.index(after: open)
        var alternatives: [Substring] = []
        for index in text[open...].indices {
            switch text[index] {
            case "{": depth += 1
            case ",":
                guard depth == 1 else { continue }
                alternatives.append(text[begin..<index])
                begin = text.index(after: index)
            case "}":
                depth -= 1
                guard depth == 0 else { continue }
                alternatives.append(text[begin..<index])
                return (text[..<open], alternatives, text[text.index(after: index)...])
            default: break
            }
        }
        return nil
    }
}
