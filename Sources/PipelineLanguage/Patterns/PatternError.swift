/// Why a pattern cannot be used.
struct PatternError: Error, Hashable {
    /// What is wrong, in words.
    var message: String
}
