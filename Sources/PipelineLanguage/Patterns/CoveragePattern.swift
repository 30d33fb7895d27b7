/// What `coverage: /…/` of a job finds in its log.
public struct CoveragePattern: Sendable {
    /// What came of looking.
    public enum Answer: Hashable, Sendable {
        /// The share in percent.
        case found(Double)
        /// No line says it.
        case nothing
        /// The pattern takes more time than there is for it.
        case tooLong
    }

    /// How many characters of a line are looked at.
    private static let lineLimit = 4_000
    private static let steps = 20_000_000

    private let pattern: Pattern

    /// Takes a pattern as a plan has it; nil where it is none.
    public init?(_ written: String) {
        guard let pattern = try? Pattern(slashed: written) else { return nil }
        self.pattern = pattern
    }

    /// Finds the figure of the last line that has one: the first number in the last match, or in its last group where
    /// it has groups, as GitLab does.
    /// - Parameter lines: the log's lines, without what steers a terminal.
    public func figure(in lines: some BidirectionalCollection<String>) -> Answer {
        let budget = MatchingBudget(Self.steps)
        for line in lines.reversed() {
            let text = String(line.prefix(Self.lineLimit))
            guard let matches = pattern.matches(text, budget: budget) else { return .tooLong }
            guard matches else { continue }
            guard let found = pattern.lastMatch(in: text, budget: budget) else { return .tooLong }
            let number = (found.groups.last ?? found.whole).drop { !$0.isASCIIDigit }
            let whole = number.prefix(while: \.isASCIIDigit)
            guard !whole.isEmpty else { continue }
            let rest = number.dropFirst(whole.count)
            let fraction = rest.first == "." ? rest.dropFirst().prefix(while: \.isASCIIDigit) : ""
            if let percent = Double("\(whole).\(fraction.isEmpty ? "0" : fraction)"), (0...100).contains(percent) {
                return .found(percent)
            }
        }
        return .nothing
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
