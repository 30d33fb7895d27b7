import Server

/// Draws what was looked at, as `doctor` and `repo add` tell it: a word, a fact, a sign at the right.
enum CheckRendering {
    static func lines(_ checks: [CheckView], on terminal: Terminal) -> [String] {
        let wordWidth = max(9, checks.map { $0.about.printable.columns }.max() ?? 0)
        let signWidth = 4
        return checks.flatMap { check -> [String] in
            let room = max(10, terminal.width - 2 - wordWidth - 2 - signWidth - 2)
            let text = wrapped(terminal.shown(check.text.printable), to: room)
            let sign = sign(of: check.verdict)
            let signText = terminal.coloured(sign.text(on: terminal), sign.colour)
            let first =
                "  \(check.about.printable.padded(to: wordWidth))  \((text.first ?? "").padded(to: room))  \(signText)"
            let under = String(repeating: " ", count: 2 + wordWidth + 2)
            let margin = under + "  "
            return [first] + text.dropFirst().map { under + $0 }
                + check.helps.map { margin + $0.command + ($0.text.isEmpty ? "" : "    \($0.text)") }
        }
    }

    /// A text in lines of so many columns, broken between words; a longer word stays whole, for it may be an address.
    private static func wrapped(_ text: String, to room: Int) -> [String] {
        text.split(separator: " ").reduce(into: [String]()) { lines, word in
            if let last = lines.last, last.columns + 1 + String(word).columns <= room {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
    }

    private static func sign(of verdict: CheckView.Verdict) -> Sign {
        switch verdict {
        case .good: .passed
        case .attention: .attention
        case .bad: .failed
        }
    }
}
