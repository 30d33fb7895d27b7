import Evaluation
import PipelineModel

extension PageValues {
    /// What the report on a pipeline tells, on its page: of the same value that the comment and the terminal are made of.
    struct Report: Sendable {
        var headline: String
        var gates: [Gate]
        var hasChanges: Bool
        var changes: String
        var hasSame: Bool
        var same: String
        var curves: String?
        var tests: String?
        var cases: [Tests.Case]
        var more: String?
        var spent: String?

        /// A node's verdict, a metric in each row.
        struct Gate: Sendable {
            var node: String?
            var commit: String
            var baseline: String
            var rows: [Row]
            var method: String

            struct Row: Sendable {
                var metric: String
                var value: String
                var baseline: String
                var change: String
                var interval: String
                var sign: String
                var words: String
                var tone: String
            }
        }

        init(_ report: PullRequestReport) {
            headline = report.headline
            let isOne = report.verdicts.count == 1
            gates = report.verdicts.map { node, verdict in
                Gate(verdict, node: isOne ? nil : node, commit: String(report.commit.prefix(7)))
            }
            changes = report.changeTexts.joined(separator: " · ")
            hasChanges = !changes.isEmpty
            same = report.same.joined(separator: " · ")
            hasSame = !same.isEmpty
            curves = report.curveLines.isEmpty ? nil : report.curveLines.joined(separator: "\n")
            tests = report.testLine.isEmpty ? nil : report.testLine
            let found = report.tests.map(Tests.init)
            cases = found?.cases ?? []
            more = found?.more
            spent = report.spent.isEmpty ? nil : report.spent
        }
    }
}

extension PageValues.Report.Gate {
    fileprivate init(_ verdict: Verdict, node: String?, commit: String) {
        let table = GateTable(verdict)
        self.node = node
        self.commit = commit
        baseline = verdict.baseline.map { "\($0.name) \($0.commit.prefix(7))" } ?? "baseline"
        rows = table.rows.map { row in
            let tone =
                switch row.tone {
                case .good: "good"
                case .bad: "bad"
                case .open: "idle"
                case .attention: "look"
                }
            return Row(
                metric: "\(row.metric) \(row.arrow)", value: row.value, baseline: row.baseline, change: row.change,
                interval: row.interval, sign: row.sign, words: row.words, tone: tone)
        }
        method = table.method
    }
}
