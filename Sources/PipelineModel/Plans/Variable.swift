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
}
