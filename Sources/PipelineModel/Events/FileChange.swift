/// A file that differs between two commits, and by how much.
public struct FileChange: Codable, Hashable, Sendable {
    /// Its path.
    public var path: String
    /// How many lines were added and removed; nil of what has no lines.
    public var added: Int?, removed: Int?

    /// Tells a change.
    public init(path: String, added: Int?, removed: Int?) {
        self.path = path
        self.added = added
        self.removed = removed
    }

    /// `+12 −4`
    public var counts: String {
        guard let added, let removed else { return "changed" }
        let parts = [(added, "+"), (removed, "−")].filter { $0.0 > 0 }.map { "\($0.1)\($0.0)" }
        return parts.isEmpty ? "changed" : parts.joined(separator: " ")
    }
}
