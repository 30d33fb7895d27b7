/// The tree that a pattern's or a glob's text is read into.
indirect enum PatternSyntax: Sendable {
    case empty
    case one(ScalarSet)
    case assertion(PatternProgram.Assertion)
    case sequence([PatternSyntax])
    case choice([PatternSyntax])
    /// Repeats; nil for the upper bound means without end. A lazy one takes as few as it can.
    case repeated(PatternSyntax, min: Int, max: Int?, isLazy: Bool = false)
    /// A part whose place in the text is told, with its number from 1.
    case group(PatternSyntax, number: Int)
}
