import PipelineModel
import Server

/// Draws a report for a terminal: the first line answers, the rest is evidence.
struct ReportRendering: Sendable {
    let view: ReportView
    let terminal: Terminal

    func lines() -> [String] {
        var lines = terminal.wrapped(terminal.shown(view.headline.printable), to: terminal.width, indent: 2)
        lines += GateRendering.lines(view.verdicts, on: terminal)
        if !view.ruleChanges.isEmpty {
            lines += ["", "  ! this change touches its own gate; other rules than its own were used:"]
            lines += view.ruleChanges.map { terminal.shown("    \($0.printable)") }
        }
        if !view.parameters.isEmpty {
            var table = Table()
            for change in view.parameters {
                table.add([
                    Table.Cell("changed".padded(to: 9)), Table.Cell(change.name),
                    Table.Cell("\(change.old ?? "none") → \(change.new ?? "none")"),
                ])
            }
            lines += [""] + table.lines(on: terminal)
        }
        lines += others()
        if !view.curves.isEmpty {
            lines +=
                [""] + view.curves.map { terminal.shown("  \($0.printable)".cut(to: terminal.width, on: terminal)) }
        }
        if !view.jobs.isEmpty {
            var table = Table(alignments: [.left, .left, .right, .left, .left], indent: 4)
            for job in view.jobs {
                let name = job.seeds > 1 ? "\(job.name) ×\(job.seeds)" : job.name
                table.add([
                    Table.Cell(name), Table.Cell(job.result), Table.Cell(job.time), Table.Cell(job.place),
                    Table.Cell(job.note),
                ])
            }
            lines += [""] + table.lines(on: terminal)
        }
        if !view.answers.isEmpty {
            var table = Table()
            for one in view.answers {
                table.add([
                    Table.Cell("asked".padded(to: 9)), Table.Cell(one.person),
                    Table.Cell("\(one.command): \(one.answer)"),
                ])
            }
            lines += [""] + table.lines(on: terminal)
        }
        if let tests = view.tests {
            lines += TestRendering.cases(tests, counts: "", atMost: TestReport.failureLimit, on: terminal)
        }
        lines += found()
        if !view.spent.isEmpty { lines += ["", "  spent      \(view.spent)"] }
        return lines
    }

    /// Files and other things that differ, and what is the same.
    private func others() -> [String] {
        var table = Table()
        for file in view.files.prefix(12) {
            table.add([Table.Cell("changed".padded(to: 9)), Table.Cell(file.path), Table.Cell(file.counts)])
        }
        if view.files.count > 12 {
            table.add([Table.Cell("".padded(to: 9)), Table.Cell("and \(view.files.count - 12) more files")])
        }
        var lines = table.rows.isEmpty ? [] : [""] + table.lines(on: terminal)
        for (label, texts) in [("changed", view.differences), ("same", view.same)] where !texts.isEmpty {
            let text = texts.map(\.printable).joined(separator: ", ")
            lines.append(
                terminal.shown("  \(label.padded(to: 9))  \(text)".cut(to: terminal.width, on: terminal)))
        }
        return lines
    }

    /// `tests  212 passed, 3 skipped` and `coverage  87.4 % (+0.2)`
    private func found() -> [String] {
        var table = Table()
        if let tests = view.tests { table.add([Table.Cell("tests".padded(to: 9)), Table.Cell(tests.words)]) }
        for figure in view.coverage {
            let node = view.coverage.count > 1 ? figure.node : ""
            table.add([Table.Cell("coverage".padded(to: 9)), Table.Cell("\(figure.words)  \(node)")])
        }
        return table.rows.isEmpty ? [] : [""] + table.lines(on: terminal)
    }
}
