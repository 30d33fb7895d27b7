import PipelineModel

/// What a test runner says of a failed case, and where in it the place stands.
struct FailureText {
    /// The first lines that say something.
    let lines: [String]
    /// The first place in it that looks like a source file and a line: `tests/test_tokens.py:88: AssertionError`.
    let place: (file: String, line: Int)?

    /// Reads what a `failure` or `error` element has.
    init(message: String, text: String) {
        let body = Self.lines(of: text)
        place = (Self.lines(of: message) + body).lazy.compactMap(Self.place).first
        var lines = Self.lines(of: message)
        // pytest marks the line of code that failed, and what it found.
        if body.contains(where: { $0.hasPrefix("E ") }), let code = body.first(where: { $0.hasPrefix("> ") }) {
            lines.insert(code.dropFirst(), at: 0)
        }
        if lines.isEmpty { lines = body }
        let plain = lines.lazy.map { PlainLine.of($0, limit: FailedCase.textLimit) }.filter { !$0.isEmpty }
        self.lines = Array(plain.prefix(FailedCase.lineLimit))
    }

    private static func lines(of text: String) -> [Substring] {
        text.split(whereSeparator: \.isNewline).prefix(2_000).map { $0 }
    }

    /// `path:line`, alone or with a colon after it; the path has a point in its name and no blanks.
    private static func place(_ line: Substring) -> (file: String, line: Int)? {
        let parts = line.prefix(400).split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let number = Int(parts[1]), number > 0, !parts[0].isEmpty,
            !parts[0].contains(where: \.isWhitespace),
            parts[0].split(separator: "/").last?.contains(".") == true
        else { return nil }
        return (PlainLine.of(String(parts[0]), limit: FailedCase.textLimit), number)
    }
}

/// A stranger's text as one line without anything that would steer a terminal.
public enum PlainLine {
    /// The text without escape sequences and control characters, blanks at its ends, and what is over a limit.
    public static func of(_ text: some StringProtocol, limit: Int) -> String {
        var plain = String.UnicodeScalarView()
        var rest = Substring(text.prefix(4 * limit + 400)).unicodeScalars
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}" {
                // A sequence for colours and the like ends with a letter.
                guard rest.first == "[" else { continue }
                rest = rest.drop { !(("@"..."~").contains($0) && $0 != "[") }
                rest = rest.dropFirst()
                continue
            }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: plain.append(" ")
            case .format where scalar != "\u{200D}", .surrogate, .privateUse, .unassigned: break
            default: plain.append(scalar)
            }
        }
        let line = Substring(String(plain)).drop(while: \.isWhitespace)
        guard let end = line.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(line[...end].prefix(limit))
    }
}
