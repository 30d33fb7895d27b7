/// A status owed to a forge for one commit and context.
public struct CommitStatus: Hashable, Codable, Sendable {
    /// Pawl's four states; each forge has words of its own for them.
    public enum State: String, Codable, Sendable { case pending, success, failure, error }

    /// The commit it is for, in full.
    public var commit: String
    /// The full ref the pipeline is for; GitLab wants it.
    public var ref: String
    /// Who speaks: `pawl/push`, `pawl/pr/test`.
    public var context: String
    /// How it stands.
    public var state: State
    /// The text, at most 140 characters.
    public var text: String
    /// The page to look at; nil where the server has no address that others reach.
    public var targetURL: String?

    /// The longest text every forge takes, in characters.
    public static let textLimit = 140

    /// Describes a status; a longer text is cut with `…`.
    public init(commit: String, ref: String, context: String, state: State, text: String, targetURL: String? = nil) {
        self.commit = commit
        self.ref = ref
        self.context = context
        self.state = state
        self.text = Self.cut(text)
        self.targetURL = targetURL
    }

    /// The text on one line and no longer than every forge takes.
    static func cut(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        // GitHub counts UTF-16 units for some scripts and characters for others: the stricter count is kept.
        guard line.utf16.count > textLimit else { return line }
        var kept = line.prefix(textLimit - 1)
        while kept.utf16.count > textLimit - 1 { kept = kept.dropLast() }
        return kept + "…"
    }
}
