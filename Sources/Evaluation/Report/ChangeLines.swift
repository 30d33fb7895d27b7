import PipelineModel

extension PullRequestReport {
    /// How many parameters, and how many files, are named.
    private static let shown = 12

    /// What differs from what it is compared with, each thing by itself. `write` puts a stranger's name into the text.
    private func changes(code: (String) -> String, text: (String) -> String) -> [String] {
        var parts = parameters.prefix(Self.shown).map { change in
            "\(text(change.name)) \(text(change.old ?? "–")) → \(text(change.new ?? "–"))"
        }
        if parameters.count > Self.shown { parts.append("and \(parameters.count - Self.shown) more parameters") }
        parts += files.prefix(Self.shown).map { "\(code($0.path)) \($0.counts)" }
        if files.count > Self.shown { parts.append("and \(files.count - Self.shown) more files") }
        return parts + differences.prefix(Self.shown).map(text)
    }

    /// What differs, as plain texts.
    public var changeTexts: [String] { changes(code: { $0 }, text: { $0 }) }

    /// `**Changed** warmup 2000 → 1000 · `train.py` +12 −4`, and on the next line what is the same.
    var changed: String? {
        let differing = changes(code: { Markdown.code($0, limit: 120) }, text: { Markdown.text($0, limit: 80) })
        let lines = [
            ("Changed", differing), ("The same", same.prefix(Self.shown).map { Markdown.text($0, limit: 120) }),
        ]
        .filter { !$0.1.isEmpty }.map { "**\($0.0)** " + $0.1.joined(separator: " · ") }
        return lines.isEmpty ? nil : lines.joined(separator: "<br>\n")
    }
}
