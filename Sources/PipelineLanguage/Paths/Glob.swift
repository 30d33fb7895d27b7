/// A pattern over paths of the repository.
///
/// In rules it has the meaning of Ruby's `fnmatch` with pathname, dot files and braces; in `include` GitLab's own simpler
/// one, where only `*` and `**` count.
struct Glob: Sendable {
    /// Which rules its text is read by.
    enum Dialect: Sendable { case rules, include }

    private let program: PatternProgram
    private let prefix: String
    private let suffix: String
    private let isLiteral: Bool

    /// The only path it can match, where it has no wildcards.
    var literal: String? { isLiteral ? prefix : nil }

    /// Reads a glob's text.
    init(_ text: String, dialect: Dialect) throws(PatternError) {
        guard text.utf8.count <= 4_096 else { throw PatternError(message: "the glob is longer than 4,096 bytes") }
        let special = dialect == .rules ? "*?[{\\" : "*"
        prefix = String(text.prefix { !special.contains($0) })
        // Not past a slash: that of **/ is no part of a path at the root.
        suffix = String(text.reversed().prefix { !"*?[]{},\\/".contains($0) }.reversed())
        isLiteral = prefix == text
        var rest = Substring(text).unicodeScalars
        program = try PatternProgram(
            dialect == .rules ? try Self.rules(&rest, depth: 0, atSegmentStart: true).syntax : Self.include(&rest))
    }

    /// Whether a path matches; nil when the budget ran out.
    func matches(_ path: String, budget: MatchingBudget) -> Bool? {
        guard budget.spend(1) else { return nil }
        if isLiteral { return path == prefix }
        guard path.hasPrefix(prefix), path.hasSuffix(suffix) else { return false }
        return program.matches(path, whole: true, budget: budget)
    }

    private static let anythingInFolder = PatternSyntax.repeated(.one(.notSlash), min: 0, max: nil)

    private static func include(_ rest: inout Substring.UnicodeScalarView) -> PatternSyntax {
        var parts: [PatternSyntax] = []
        while let scalar = rest.popFirst() {
            guard scalar == "*" else {
                parts.append(.one(ScalarSet(scalar)))
                continue
            }
            if rest.first == "*" {
                rest.removeFirst()
                parts.append(.repeated(.one(.all), min: 0, max: nil))
            } else {
                parts.append(anythingInFolder)
            }
        }
        return .sequence(parts)
    }

    /// Reads until the end, or within braces until a comma or the closing brace at this depth.
    ///
    /// A `**/` crosses folders only where a segment starts: whether one does before and after it goes in and comes out.
    private static func rules(
        _ rest: inout Substring.UnicodeScalarView, depth: Int, atSegmentStart: Bool
    ) throws(PatternError) -> (syntax: PatternSyntax, atSegmentStart: Bool) {
        guard depth <= 20 else { throw PatternError(message: "its braces are nested too deeply") }
        var parts: [PatternSyntax] = []
        var atSegmentStart = atSegmentStart
        while let scalar = rest.first {
            if depth > 0 && (scalar == "," || scalar == "}") { break }
            rest.removeFirst()
            let wasAtStart = atSegmentStart
            atSegmentStart = scalar == "/"
            switch scalar {
            case "*":
                var stars = 1
                while rest.first == "*" {
                    rest.removeFirst()
                    stars += 1
                }
                if stars == 2 && wasAtStart && rest.first == "/" {
                    rest.removeFirst()
                    let folder = PatternSyntax.sequence([anythingInFolder, .one(ScalarSet(UnicodeScalarLiteral.slash))])
                    parts.append(.repeated(folder, min: 0, max: nil))
                    atSegmentStart = true
                } else {
                    parts.append(anythingInFolder)
                }
            case "?": parts.append(.one(.notSlash))
            case "[": parts.append(.one(bracket(&rest) ?? ScalarSet(scalar)))
            case "{":
                let (choice, startsSegment) = try braces(&rest, depth: depth, atSegmentStart: wasAtStart)
                parts.append(choice)
                atSegmentStart = startsSegment
            case "\\": parts.append(.one(ScalarSet(rest.popFirst() ?? scalar)))
            default: parts.append(.one(ScalarSet(scalar)))
            }
        }
        return (.sequence(parts), atSegmentStart)
    }

    /// The choices after an opening brace, and whether a segment starts after every one of them.
    private static func braces(
        _ rest: inout Substring.UnicodeScalarView, depth: Int, atSegmentStart: Bool
    ) throws(PatternError) -> (syntax: PatternSyntax, atSegmentStart: Bool) {
        var choices: [PatternSyntax] = []
        var startsSegment = true
        while true {
            let (choice, endsSegment) = try rules(&rest, depth: depth + 1, atSegmentStart: atSegmentStart)
            choices.append(choice)
            startsSegment = startsSegment && endsSegment
            switch rest.popFirst() {
            case ",": continue
            case "}": return (.choice(choices), startsSegment)
            default: throw PatternError(message: "a { is not closed")
            }
        }
    }

    /// The set after an opening bracket; nil, and nothing taken, when it is never closed.
    private static func bracket(_ rest: inout Substring.UnicodeScalarView) -> ScalarSet? {
        var ahead = rest
        var set = ScalarSet()
        let isNegated = ahead.first == "!" || ahead.first == "^"
        if isNegated { ahead.removeFirst() }
        var isFirst = true
        while let scalar = ahead.popFirst() {
            if scalar == "]" && !isFirst {
                rest = ahead
                // No bracket ever takes a slash: folders are crossed only by **.
                if isNegated { set.insert(47...47) }
                return isNegated ? set.negated : set
            }
            isFirst = false
            let low = scalar == "\\" ? ahead.popFirst() ?? scalar : scalar
            var high = low
            if ahead.first == "-", let end = ahead.dropFirst().first, end != "]" {
                ahead = ahead.dropFirst(2)
                high = end
            }
            if low.value <= high.value { set.insert(low.value...high.value) }
        }
        return nil
    }
}
