import Server

/// Draws what was looked at, as `doctor` and `repo add` tell it: a word, a fact, a sign at the right.
enum CheckRendering {
    static func lines(_ checks: [CheckView], on terminal: Terminal) -> [String] {
        let wordWidth = max(9, checks.map { $0.about.printable.columns }.max() ?? 0)
        let signWidth = 4
        return checks.flatMap { check -> [String] in
            let room = max(10, terminal.width - 2 - wordWidth - 2 - signWidth - 2)
            let text = terminal.wrapped(terminal.shown(check.text.printable), to: room)
            let sign = sign(of: check.verdict)
            let signText = terminal.coloured(sign.text(on: terminal), sign.colour)
            let first =
                "  \(check.about.printable.padded(to: wordWidth))  \((text.first ?? "").padded(to: room))  \(signText)"
            let under = String(repeating: " ", count: 2 + wordWidth + 2)
            let margin = under + "  "
            return [first] + text.dropFirst().map { under + $0 }
                + check.helps.flatMap { help(of: $0, after: margin, on: terminal) }
        }
    }

    /// A command whole, for it is to be copied, and what it does beside it or below.
    private static func help(of help: HelpView, after margin: String, on terminal: Terminal) -> [String] {
        let command = margin + terminal.shown(help.command.printable)
        guard !help.text.isEmpty else { return [command] }
        let text = terminal.shown(help.text.printable)
        if command.columns + 4 + text.columns <= terminal.width { return ["\(command)    \(text)"] }
        let below = margin + "    "
        return [command] + terminal.wrapped(text, to: max(10, terminal.width - below.columns)).map { below + $0 }
    }

    private static func sign(of verdict: CheckView.Verdict) -> Sign {
        switch verdict {
        case .good: .passed
        case .attention: .attention
        case .bad: .failed
        }
    }
}
