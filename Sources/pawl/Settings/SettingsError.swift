/// What is wrong with the settings, all of it at once, each with its key.
struct SettingsError: Error, CustomStringConvertible {
    /// One readable line each.
    var problems: [String]

    /// The problems, a line each.
    var description: String { problems.joined(separator: "\n") }
}
