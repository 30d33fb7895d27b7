import PipelineModel
import Server

/// Draws why a job is where it is.
struct WhyRendering: Sendable {
    let view: WhyView
    let terminal: Terminal

    func lines() -> [String] {
        let mark = self.mark
        var first = "\(terminal.coloured(mark.text(on: terminal), mark.sign.colour)): \(view.answer.printable)"
        var used = mark.text(on: terminal).columns + 2 + view.answer.printable.columns
        let trail = ([waited, view.place.map { "place \($0)" }] as [String?]).compactMap { $0 }.joined(separator: ", ")
        if !trail.isEmpty {
            let gap = max(2, terminal.width - used - trail.columns)
            used += gap + trail.columns
            first += (used <= terminal.width ? String(repeating: " ", count: gap) : "\n  ") + trail
        }
        var lines = [terminal.shown(first)]
        if !view.facts.isEmpty {
            var table = Table()
            table.leastWidth = 12
            for fact in view.facts { table.add([Table.Cell(fact.about.padded(to: 9)), Table.Cell(fact.text)]) }
            lines += [""] + table.lines(on: terminal)
        }
        if !view.helps.isEmpty {
            lines += [""] + HelpRendering.lines(view.helps, label: "would help", on: terminal)
        }
        return lines
    }

    private var waited: String? {
        guard let since = view.since else { return nil }
        switch view.state {
        case .waiting, .manual, .ready, .running, .judging:
            return since > view.at ? "at \(terminal.time(since))" : (view.at - since).text
        case .passed, .failed, .failedAllowed, .cancelled, .notRun:
            return terminal.moment(since, now: view.at)
        }
    }

    private var mark: Mark {
        switch view.state {
        case .waiting, .ready: Mark(.waiting, "waiting")
        case .manual: Mark(.waiting, "manual")
        case .running, .judging: Mark(.running, "running")
        case .passed: Mark(.passed, "passed")
        case .failed, .failedAllowed: view.isOurs ? Mark(.attention, "system") : Mark(.failed, "failed")
        case .cancelled: Mark(.notRun, "cancelled")
        case .notRun: Mark(.notRun, "not run")
        }
    }
}
