import Evaluation
import PipelineModel
import Store

/// Draws what gates have answered, a metric on each line.
enum GateRendering {
    /// `gate  f1  0.8038   main 0.8108   −0.0070  (−0.0098 to −0.0042)   ✗ worse, allowed −0.0020`
    static func lines(_ verdicts: [JudgedNode], on terminal: Terminal) -> [String] {
        if verdicts.isEmpty { return [] }
        return [""]
            + verdicts.flatMap { judged in
                let gate = GateTable(judged.verdict)
                let label = verdicts.count == 1 ? "gate" : "gate \(judged.node)"
                let method = "             \(gate.method)"
                return table(gate, label: label, on: terminal)
                    + (gate.method.isEmpty ? [] : [terminal.shown(method.cut(to: terminal.width, on: terminal))])
            }
    }

    private static func table(_ gate: GateTable, label: String, on terminal: Terminal) -> [String] {
        var table = Table(alignments: [.left, .left, .right, .right, .right, .left, .left], indent: 2)
        for (index, row) in gate.rows.enumerated() {
            let mark = Self.mark(row)
            table.add([
                Table.Cell((index == 0 ? label : "").padded(to: 9)), Table.Cell(row.metric), Table.Cell(row.value),
                Table.Cell(row.baseline.isEmpty ? "" : "\(gate.baselineName) \(row.baseline)"),
                Table.Cell(row.change), Table.Cell(row.interval.isEmpty ? "" : "(\(row.interval))"),
                Table.Cell("\(mark.sign.text(on: terminal)) \(mark.word)", mark.sign.colour),
            ])
        }
        return table.lines(on: terminal)
    }

    private static func mark(_ row: GateTable.Row) -> Mark {
        switch row.tone {
        case .good: Mark(.passed, row.words)
        case .bad: Mark(.failed, row.words)
        case .open: Mark(.waiting, row.words)
        case .attention: Mark(.attention, row.words)
        }
    }
}
