/// The tree that a pattern's or a glob's text is read into.
indirect enum PatternSyntax: Sendable {
    case empty
    case one(ScalarSet)
    case assertion(PatternProgram.Assertion)
    case sequence([PatternSyntax])
    case choice([PatternSyntax])
    /// Repeats; nil for the upper bound means without end.
    case repeated(PatternSyntax, min: Int, max: Int?)
}
