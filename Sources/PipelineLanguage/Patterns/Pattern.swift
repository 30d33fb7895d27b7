/// A pattern of a pipeline file, such as `/^release-\d+$/i`.
struct Pattern: Sendable {
    let program: PatternProgram

    /// What making it took, in steps.
    var cost: Int { program.size }

    /// Makes a pattern from its text between the slashes and the flags after them.
    init(_ text: String, flags: String = "") throws(PatternError) {
        program = try PatternProgram(try PatternParser.parse(text, flags: flags))
    }

    /// Makes a pattern from a value written as `/text/flags`; nil when it is not written so.
    init?(slashed value: String) throws(PatternError) {
        guard value.count >= 3, value.first == "/", let close = value.lastIndex(of: "/"), close > value.startIndex
        else {
            return nil
        }
        let flags = value[value.index(after: close)...]
        let text = value[value.index(after: value.startIndex)..<close]
        guard !text.isEmpty, flags.allSatisfy({ "ismU".contains($0) }) else { return nil }
        try self.init(String(text), flags: String(flags))
    }

    /// Whether it matches anywhere in a text; nil when the budget ran out.
    func matches(_ text: String, budget: MatchingBudget) -> Bool? { program.matches(text, budget: budget) }
}
