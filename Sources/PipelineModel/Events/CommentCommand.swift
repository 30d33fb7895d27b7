/// What a person asks for in a comment on a pull request: a line that begins with `/pawl`.
public enum CommentCommand: Hashable, Sendable {
    /// Runs a job again that failed by accident; nil for every one that did.
    case retry(job: String?)
    /// Adds seeds to those that a gate has judged; of one node, or of all that are judged.
    case moreSeeds(Int, node: String?)
    /// Lets the change pass although a gate says no.
    case override(reason: String)
    /// Lets a fork's commit run, that one only.
    case approve(commit: String)
    /// It is none of these; what to write instead.
    case unclear(String)

    /// What a command begins with, at the beginning of its line.
    private static let sign = "/pawl"
    /// How much of a comment is looked at, and how long a reason may be, in characters.
    private static let textLimit = 20_000, reasonLimit = 300

    /// The first command in a comment; nil where it has none. What is quoted, or stands between code fences, is none.
    public init?(comment: String) {
        var isCode = false
        for line in comment.prefix(Self.textLimit).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("```") || line.hasPrefix("~~~") { isCode.toggle() }
            guard !isCode, line.hasPrefix(Self.sign) else { continue }
            let rest = line.dropFirst(Self.sign.count)
            guard rest.isEmpty || rest.first?.isWhitespace == true else { continue }
            self = Self.reading(rest)
            return
        }
        return nil
    }

    private static func reading(_ text: Substring) -> CommentCommand {
        let parts = text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let rest = parts.count > 1 ? trimmed(parts[1]) : ""
        switch parts.first?.lowercased() {
        case "retry":
            return .retry(job: rest.isEmpty || rest == "failed" ? nil : rest)
        case "more-seeds":
            let words = rest.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard let count = words.first.flatMap({ Int($0) }), (1..<SeedExpansion.limit).contains(count) else {
                return .unclear("how many seeds? /pawl more-seeds 5, at most \(SeedExpansion.limit) in all")
            }
            return .moreSeeds(count, node: words.count > 1 ? trimmed(words[1]) : nil)
        case "override":
            guard !rest.isEmpty else { return .unclear("why? /pawl override <reason>") }
            return .override(reason: String(rest.prefix(reasonLimit)))
        case "approve":
            // The beginning of a commit's id can be chosen: whoever writes the commit may have another with the same.
            let isWhole = [40, 64].contains(rest.count) && rest.allSatisfy { $0.isHexDigit && $0.isASCII }
            return isWhole
                ? .approve(commit: rest.lowercased()) : .unclear("which commit? its whole id: /pawl approve <id>")
        default:
            return .unclear("there are /pawl retry, /pawl more-seeds, /pawl override and /pawl approve")
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// As a person writes it, for records.
    public var text: String {
        switch self {
        case .retry(let job): "\(Self.sign) retry \(job ?? "failed")"
        case .moreSeeds(let count, let node): "\(Self.sign) more-seeds \(count)" + (node.map { " \($0)" } ?? "")
        case .override(let reason): "\(Self.sign) override \(reason)"
        case .approve(let commit): "\(Self.sign) approve \(commit)"
        case .unclear: Self.sign
        }
    }
}
