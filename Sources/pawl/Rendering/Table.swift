/// Rows of aligned columns. When the terminal is narrower, columns are dropped from the right.
struct Table: Sendable {
    /// A cell: a text, perhaps in a colour.
    struct Cell: Sendable, ExpressibleByStringLiteral {
        var text: String
        var colour: Colour?

        init(_ text: String, _ colour: Colour? = nil) {
            self.text = text.printable
            self.colour = colour
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    /// On which side a column's cells stand.
    enum Alignment: Sendable { case left, right }

    /// How the columns are aligned; those beyond are aligned to the left.
    var alignments: [Alignment] = []
    /// Blanks before each row.
    var indent = 2
    /// Blanks between columns.
    var gap = 2
    /// The least a column may keep before it is dropped altogether.
    var leastWidth = 6
    /// The rows so far.
    private(set) var rows: [[Cell]] = []

    init(alignments: [Alignment] = [], indent: Int = 2) {
        self.alignments = alignments
        self.indent = indent
    }

    /// Adds a row.
    mutating func add(_ cells: [Cell]) { rows.append(cells) }

    /// The rows as lines.
    func lines(on terminal: Terminal) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let natural = (0..<count).map { column in
            rows.map { column < $0.count ? terminal.shown($0[column].text).columns : 0 }.max() ?? 0
        }
        let widths = fitted(natural, into: terminal.width - indent)
        return rows.map { line($0, widths: widths, on: terminal) }
    }

    /// As many columns as fit, the last of them perhaps cut.
    private func fitted(_ natural: [Int], into room: Int) -> [Int] {
        var widths: [Int] = []
        var used = 0
        for (column, width) in natural.enumerated() {
            let before = column == 0 ? 0 : gap
            let left = room - used - before
            if width <= left {
                widths.append(width)
            } else if column == 0 || left >= leastWidth {
                widths.append(max(left, 1))
                return widths
            } else {
                return widths
            }
            used += before + width
        }
        return widths
    }

    private func line(_ row: [Cell], widths: [Int], on terminal: Terminal) -> String {
        var line = String(repeating: " ", count: indent)
        var pending = 0
        for (column, width) in widths.enumerated() {
            if column > 0 { pending += gap }
            let cell = column < row.count ? row[column] : ""
            let text = terminal.shown(cell.text).cut(to: width, on: terminal)
            let free = width - text.columns
            let isRight = column < alignments.count && alignments[column] == .right
            if isRight { pending += free }
            if !text.isEmpty {
                line += String(repeating: " ", count: pending)
                line += cell.colour.map { terminal.coloured(text, $0) } ?? text
                pending = 0
            }
            if !isRight { pending += free }
        }
        return line
    }
}
