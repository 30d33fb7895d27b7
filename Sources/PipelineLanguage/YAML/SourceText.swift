import PipelineModel

/// One file's text by lines, for showing the line a mistake stands on.
final class SourceText: Sendable {
    /// The path within the repository.
    let path: String
    /// The text as it was handed in.
    let text: String
    private let lineStarts: [String.Index]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        var starts = [text.startIndex]
        var index = text.utf8.startIndex
        while index < text.utf8.endIndex {
            let next = text.utf8.index(after: index)
            if text.utf8[index] == UInt8(ascii: "\n") { starts.append(next) }
            index = next
        }
        lineStarts = starts
    }

    /// The line of that number, counted from 1, without its end and bounded to 200 characters.
    func line(_ number: Int) -> String? {
        guard number >= 1, number <= lineStarts.count else { return nil }
        let start = lineStarts[number - 1]
        let bounded = text[start...].prefix(200).prefix { $0 != "\n" && $0 != "\r\n" && $0 != "\r" }
        return String(bounded)
    }
}

/// A stretch of a file, all of it on one line.
struct SourceSpan: Sendable {
    /// The file.
    let source: SourceText
    /// The line, from 1.
    let line: Int
    /// The column in characters, from 1.
    let column: Int
    /// How many characters it covers, at least 1.
    let length: Int

    init(_ source: SourceText, line: Int = 1, column: Int = 1, length: Int = 1) {
        self.source = source
        self.line = line
        self.column = column
        self.length = max(1, length)
    }

    /// The place as a diagnostic names it.
    var place: Diagnostic.Place { .init(file: source.path, line: line, column: column) }
}
