/// Text of strangers as it may stand in Markdown: shown as it is, and never anything but text.
enum Markdown {
    /// A text in a table's cell or a sentence: no markup, no link, nobody is mentioned, no line ends.
    static func text(_ text: String, limit: Int = 200) -> String {
        var escaped = ""
        for character in text.prefix(limit) {
            switch character {
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", "$", "^", "=":
                escaped += "\\\(character)"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            // A word joiner after it keeps a name from being one.
            case "@": escaped += "@\u{2060}"
            case ":": escaped += ":\u{2060}"
            default: escaped += character.isPlain ? String(character) : " "
            }
        }
        return text.count > limit ? escaped + "…" : escaped
    }

    /// A text within tags, where Markdown's own signs stand for themselves.
    static func html(_ text: String, limit: Int = 200) -> String {
        let signs: [Character: String] = [
            "<": "&lt;", ">": "&gt;", "&": "&amp;", "\"": "&quot;", "@": "@\u{2060}", ":": ":\u{2060}",
        ]
        let escaped = text.prefix(limit).map { $0.isPlain ? signs[$0] ?? String($0) : " " }.joined()
        return text.count > limit ? escaped + "…" : escaped
    }

    /// A text as code: with as many backticks around it as it needs. What ends a cell, or could be taken for a tag, a link or
    /// a mention by a reader that is not strict, is put into signs that look alike.
    static func code(_ text: String, limit: Int = 200) -> String {
        let alike: [Character: String] = ["|": "¦", "<": "‹", ">": "›", "@": "@\u{2060}", ":": ":\u{2060}"]
        let plain = text.prefix(limit).map { $0.isPlain ? alike[$0] ?? String($0) : " " }.joined()
        var longest = 0
        var run = 0
        for character in plain {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let pad = plain.hasPrefix("`") || plain.hasSuffix("`") || plain.isEmpty ? " " : ""
        return fence + pad + plain + pad + fence + (text.count > limit ? "…" : "")
    }

    /// A text within double quotes of a chart's description, where nothing can be escaped.
    static func label(_ text: String, limit: Int = 60) -> String {
        String(text.prefix(limit).map { $0.isPlain && !"\"#;`<>\\{}[]()@|".contains($0) ? $0 : " " })
    }
}

extension Character {
    /// Whether it shows as itself: no control, no line's end, nothing that turns the direction of writing.
    fileprivate var isPlain: Bool {
        unicodeScalars.allSatisfy {
            switch $0.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                $0 == "\u{200D}"
            default: true
            }
        }
    }
}
