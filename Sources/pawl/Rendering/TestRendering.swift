import PipelineModel
import Server

/// Draws test cases that failed, below the jobs they are of.
enum TestRendering {
    /// How many cases stand under a pipeline; `pawl report` has more.
    private static let shown = 5

    /// The cases of every node whose tests failed, with a line before each node's.
    static func lines(_ view: PipelineDetailView, on terminal: Terminal) -> [String] {
        view.nodes.flatMap { node -> [String] in
            guard let tests = node.findings?.tests, !tests.isGood else { return [] }
            return cases(tests, counts: tests.words, atMost: shown, on: terminal)
        }
    }

    /// `tests/test_tokens.py:88  test_round_trip[emoji]        1 failed, 211 passed`, and below it what the case says.
    static func cases(_ tests: TestReport, counts: String, atMost limit: Int, on terminal: Terminal) -> [String] {
        guard !tests.isGood else { return [] }
        guard !tests.failures.isEmpty else { return counts.isEmpty ? [] : ["", "  \(counts)"] }
        var lines: [String] = [""]
        for (index, failed) in tests.failures.prefix(limit).enumerated() {
            lines.append(head(failed, counts: index == 0 ? counts : "", on: terminal))
            for line in failed.message {
                lines.append(terminal.shown("      \(line.printable)".cut(to: terminal.width, on: terminal)))
            }
        }
        let rest = tests.failed + tests.errored - min(limit, tests.failures.count)
        if rest > 0 { lines.append("  and \(rest) more") }
        return lines
    }

    private static func head(_ failed: FailedCase, counts: String, on terminal: Terminal) -> String {
        let place = failed.place.printable
        let name = [place, failed.name.printable].filter { !$0.isEmpty }.joined(separator: "  ")
        let room = terminal.width - 2 - (counts.isEmpty ? 0 : counts.columns + 2)
        let cut = name.cut(to: max(room, 20), on: terminal)
        let gap = counts.isEmpty ? 0 : max(2, terminal.width - 2 - cut.columns - counts.columns)
        return terminal.shown("  \(cut)\(String(repeating: " ", count: gap))\(counts)")
    }
}
