import PipelineModel

/// A table as CSV or TSV, with a line of column names.
///
/// Two columns of which the first holds names are a list of metrics. Else every row is a step of training: each column of
/// numbers is a curve over the column `step` or `epoch` (or the row's number), and its last number is a metric.
struct DelimitedText {
    /// The columns' names, and the rows under them.
    let header: [String], rows: [[String]]

    init(_ text: String, separator: Character) {
        var rows = Self.rows(of: text, separator: separator)
        header = rows.isEmpty ? [] : rows.removeFirst()
        self.rows = rows
    }

    var report: MetricReport {
        if header.count == 2, isNames { return pairs }
        var report = MetricReport()
        var list = MetricList()
        let stepColumn = header.firstIndex { ["step", "epoch"].contains($0.lowercased()) }
        for (column, name) in header.enumerated() where column != stepColumn && !name.isEmpty {
            var points: [Curve.Point] = []
            for (number, row) in rows.enumerated() where column < row.count {
                guard let value = OpenMetricsText.number(row[column][...]) else { continue }
                points.append(.init(step: step(of: row, stepColumn) ?? Int64(number), value: value))
            }
            guard let last = points.last else { continue }
            list.set(name, last.value.number)
            if points.count > 1 { report.curves.append(Curve(name: name, points: points)) }
        }
        report.metrics = list.metrics
        return report
    }

    private func step(of row: [String], _ column: Int?) -> Int64? {
        guard let column, column < row.count, let number = OpenMetricsText.number(row[column][...]) else { return nil }
        return Int64(exactly: number.rounded())
    }

    /// Whether the first column holds no number and the second nothing else, the header's line left out of account.
    private var isNames: Bool {
        let all = rows.filter { $0.count == 2 }
        return all.count == rows.count && all.allSatisfy { OpenMetricsText.number($0[0][...]) == nil }
            && (!rows.isEmpty || OpenMetricsText.number(header[1][...]) != nil)
    }

    private var pairs: MetricReport {
        var list = MetricList()
        // A list may do without column names.
        for row in [header] + rows {
            if let value = OpenMetricsText.number(row[1][...]), !row[0].isEmpty { list.set(row[0], value) }
        }
        return MetricReport(metrics: list.metrics)
    }

    /// Rows of cells; a cell may stand in double quotes, doubled within (RFC 4180).
    private static func rows(of text: String, separator: Character) -> [[String]] {
        var rows: [[String]] = []
        var row: [String] = []
        var cell = ""
        var isQuoted = false
        var wasQuoted = false
        func finished() -> String {
            let text = wasQuoted ? cell : cell[...].trimmed
            (cell, wasQuoted) = ("", false)
            return text
        }
        var rest = text[...]
        while let character = rest.popFirst() {
            if isQuoted {
                if character != "\"" {
                    cell.append(character)
                } else if rest.first == "\"" {
                    cell.append(rest.removeFirst())
                } else {
                    isQuoted = false
                }
                continue
            }
            switch character {
            case "\"" where cell.allSatisfy(\.isWhitespace): (cell, isQuoted, wasQuoted) = ("", true, true)
            case separator: row.append(finished())
            case "\n", "\r\n", "\r":
                row.append(finished())
                if row != [""] { rows.append(row) }
                row = []
            default: cell.append(character)
            }
        }
        row.append(finished())
        if row != [""] { rows.append(row) }
        return rows
    }
}
