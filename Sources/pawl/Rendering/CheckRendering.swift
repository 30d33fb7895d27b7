import Server

/// Draws what was looked at, as `doctor` and `repo add` tell it: a word, a fact, a sign at the right.
enum CheckRendering {
    static func lines(_ checks: [CheckView], on terminal: Terminal) -> [String] {
        let wordWidth = max(9, checks.map { $0.about.printable.columns }.max() ?? 0)
        let signWidth = 4
        return checks.flatMap { check -> [String] in
            let room = max(10, terminal.width - 2 - wordWidth - 2 - signWidth - 2)
            let text = terminal.shown(check.text.printable).cut(to: room, on: terminal)
            let sign = sign(of: check.verdict)
            let signText = terminal.coloured(sign.text(on: terminal), sign.colour)
            let first = "  \(check.about.printable.padded(to: wordWidth))  \(text.padded(to: room))  \(signText)"
            let margin = String(repeating: " ", count: 2 + wordWidth + 2 + 2)
            return [first] + check.helps.map { margin + $0.command + ($0.text.isEmpty ? "" : "    \($0.text)") }
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
