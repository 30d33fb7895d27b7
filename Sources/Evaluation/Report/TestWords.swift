import PipelineModel

/// How much of the code a node's tests reach, beside what it was before.
public struct CoverageFigure: Codable, Hashable, Sendable {
    /// The node.
    public var node: String
    /// The share, in percent.
    public var percent: Double
    /// What it was in the pipeline that is compared with; nil where there is none.
    public var before: Double?

    /// Names a share.
    public init(node: String, percent: Double, before: Double?) {
        self.node = node
        self.percent = percent
        self.before = before
    }

    /// `87.4 % (+0.2)`
    public var words: String {
        let share = Self.words(percent)
        return before.map { "\(share) (\(NumberText.change(percent - $0, decimals: 1)))" } ?? share
    }

    /// `87.4 %`
    public static func words(_ percent: Double) -> String { "\(NumberText.of(percent, decimals: 1)) %" }

    /// All shares in a line: of one its figure alone, of several with the node that each is of.
    public static func line(_ figures: [CoverageFigure]) -> String {
        guard figures.count > 1 else { return figures.first.map { "coverage \($0.words)" } ?? "" }
        let more = figures.count > 4 ? ", and \(figures.count - 4) more" : ""
        return "coverage " + figures.prefix(4).map { "\($0.node) \($0.words)" }.joined(separator: ", ") + more
    }
}

extension Findings {
    /// `coverage 87.4 %`; nil where nothing is known of it.
    public var coverageWords: String? { coverage.map { "coverage \(CoverageFigure.words($0))" } }
}

extension PullRequestReport {
    /// `Tests 212 passed, 3 skipped · coverage 87.4 % (+0.2)`; empty where nothing is known of any.
    public var testLine: String {
        let parts = [tests.map { "Tests \($0.words)" } ?? "", CoverageFigure.line(coverage)]
        return parts.filter { !$0.isEmpty }.joined(separator: " · ")
    }

    /// The cases that failed, each with where it is and what it says.
    var failedCases: String? {
        guard let tests, !tests.failures.isEmpty else { return nil }
        let shown = tests.failures.prefix(10)
        let items = shown.map { failed in
            let place = failed.place.isEmpty ? "" : Markdown.code(failed.place) + " "
            let lines = failed.message.prefix(4).map { "<br>" + Markdown.code($0) }.joined()
            return "- \(place)\(Markdown.code(failed.name))\(lines)"
        }
        let rest = tests.failed + tests.errored - shown.count
        let more = rest > 0 ? "\n- and \(rest) more" : ""
        return "**Failed tests**\n\n" + items.joined(separator: "\n") + more
    }
}
