import PipelineModel
import Server

/// Draws why a job is where it is.
struct WhyRendering: Sendable {
    let view: WhyView
    let terminal: Terminal

    func lines() -> [String] {
        var lines = answer()
        if !view.facts.isEmpty {
            var table = Table()
            table.leastWidth = 12
            for fact in view.facts { table.add([Table.Cell(fact.about.padded(to: 9)), Table.Cell(fact.text)]) }
            lines += [""] + table.lines(on: terminal)
        }
        if let endsAt = view.endsAt {
            let words = "It ends by itself as \"no runner\" at \(terminal.moment(endsAt, now: view.at))."
            lines += [""] + terminal.wrapped(words, to: terminal.width - 2, indent: 0).map { "  " + $0 }
        }
        if !view.helps.isEmpty {
            lines += [""] + HelpRendering.lines(view.helps, label: "would help", on: terminal)
        }
        return lines
    }

    /// The answer, over as many lines as it needs, with since when it is so at the right of the last.
    private func answer() -> [String] {
        let mark = Mark(view)
        let word = mark.text(on: terminal)
        var lines = terminal.wrapped(terminal.shown("\(word): \(view.answer.printable)"), to: terminal.width, indent: 2)
        let trail = terminal.shown(
            ([waited, view.place.map { "place \($0)" }] as [String?]).compactMap { $0 }.joined(separator: ", "))
        if !trail.isEmpty {
            let last = lines.last ?? ""
            if last.columns + 2 + trail.columns <= terminal.width {
                lines[lines.count - 1] = last.padded(to: terminal.width - trail.columns) + trail
            } else {
                lines.append("  " + trail)
            }
        }
        // The sign and its word stand at the very beginning; colour adds no columns.
        if let first = lines.first, first.hasPrefix(word) {
            lines[0] = terminal.coloured(word, mark.sign.colour) + first.dropFirst(word.count)
        }
        return lines
    }

    private var waited: String? {
        guard let since = view.since else { return nil }
        switch view.state {
        case .waiting, .manual, .proving, .ready, .running, .judging:
            return since > view.at ? "at \(terminal.time(since))" : (view.at - since).text
        case .passed, .proved, .failed, .failedAllowed, .cancelled, .notRun:
            return terminal.moment(since, now: view.at)
        }
    }
}
