import PipelineModel
import Server

/// Draws a mistake of a pipeline file: where, how bad, what to do, and the line itself with the place marked.
struct DiagnosticRendering: Sendable {
    let diagnostic: Diagnostic
    let terminal: Terminal
    let indent: Int

    init(_ diagnostic: Diagnostic, on terminal: Terminal, indent: Int = 0) {
        self.diagnostic = diagnostic
        self.terminal = terminal
        self.indent = indent
    }

    func lines() -> [String] {
        let margin = String(repeating: " ", count: indent)
        var place = ""
        if let found = diagnostic.place { place = "\(found.file.printable):\(found.line):\(found.column)" }
        let word = diagnostic.severity.rawValue.padded(to: 7)
        let colour: Colour = diagnostic.severity == .error ? .red : .yellow
        let lead = margin + place.padded(to: place.isEmpty ? 0 : 16) + (place.isEmpty ? "" : " ")
        let textColumn = lead.columns + word.columns + 2
        let message = terminal.wrapped(diagnostic.message.printable, to: max(30, terminal.width - textColumn))
        var lines = ["\(lead)\(terminal.coloured(word, colour))  \(message.first ?? "")"]
        let under = String(repeating: " ", count: textColumn)
        lines += message.dropFirst().map { under + $0 }
        lines += source(under: under)
        return lines.map { terminal.shown($0) }
    }

    /// The file's line and a mark under what is meant. A long line is shown around the place.
    private func source(under margin: String) -> [String] {
        guard let place = diagnostic.place, let line = diagnostic.line?.printable, !line.isEmpty else { return [] }
        let letters = Array(line)
        let blanks = letters.prefix { $0 == " " }.count
        var start = min(blanks, max(place.column - 1, 0))
        let room = max(20, terminal.width - margin.columns)
        if place.column - 1 - start > room - 12 { start = place.column - 1 - room / 3 }
        let shown = String(letters.dropFirst(start)).cut(to: room, on: terminal)
        let before = String(letters.dropFirst(start).prefix(max(0, place.column - 1 - start))).columns
        guard before < room else { return [margin + shown] }
        let meant = String(letters.dropFirst(place.column - 1).prefix(diagnostic.length)).columns
        let marks = String(repeating: "^", count: max(1, min(meant, room - before)))
        return [margin + shown, margin + String(repeating: " ", count: before) + marks]
    }
}

/// Draws commands that help, in two aligned columns after a word.
enum HelpRendering {
    static func lines(_ helps: [HelpView], label: String, on terminal: Terminal) -> [String] {
        var table = Table()
        table.leastWidth = 12
        for (index, help) in helps.enumerated() {
            table.add([
                Table.Cell(index == 0 ? label.padded(to: 9) : ""), Table.Cell(help.command), Table.Cell(help.text),
            ])
        }
        return table.lines(on: terminal)
    }
}
