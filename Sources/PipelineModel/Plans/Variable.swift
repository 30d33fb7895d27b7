/// A variable of a pipeline or a job, as written.
public struct Variable: Hashable, Codable, Sendable {
    /// The name a script sees.
    public var name: String
    /// The value before expansion.
    public var value: String
    /// Whether `$OTHER` in the value is replaced by that variable's value.
    public var expands: Bool

    /// A variable whose value is expanded unless said otherwise.
    public init(_ name: String, _ value: String, expands: Bool = true) {
        self.name = name
        self.value = value
        self.expands = expands
    }

    /// Whether a text can name a variable: letters, digits and underscores, no digit first, 255 at most.
    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(48...57).contains(first), text.utf8.count <= 255 else { return false }
        return text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
    }
}
