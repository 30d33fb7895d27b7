import PipelineModel

/// A table of the examples of a test set, as CSV or TSV: a column `id`, and a column of numbers for each metric.
public enum ExampleFile {
    /// The numbers, example by example in the order of their names. Columns that hold no numbers, such as predictions in
    /// words, are left out.
    /// - Throws: what is wrong with the table as a whole.
    public static func read(_ bytes: [UInt8], path: String) throws(UnreadableFile) -> ExampleTable {
        let text = try MetricFile.text(of: bytes, path)
        let table = DelimitedText(text, separator: path.lowercased().hasSuffix(".tsv") ? "\t" : ",")
        guard let idColumn = table.header.firstIndex(where: { $0.lowercased() == "id" }) else {
            throw UnreadableFile(path, "it has no column id, which names the examples")
        }
        guard table.rows.count <= ExampleTable.exampleLimit else {
            throw UnreadableFile(path, "it has more than \(ExampleTable.exampleLimit) examples")
        }
        guard let rows = sorted(table.rows, by: idColumn) else {
            throw UnreadableFile(path, "an example has no name, one that is too long, or that of another")
        }
        var values: [String: [Double]] = [:]
        for (column, name) in table.header.enumerated() where column != idColumn && !name.isEmpty {
            let numbers = rows.compactMap { row in
                column < row.count ? OpenMetricsText.number(row[column][...]).flatMap { $0.isFinite ? $0 : nil } : nil
            }
            guard numbers.count == rows.count, values.count < ExampleTable.metricLimit else { continue }
            values[name] = numbers
        }
        guard !values.isEmpty else { throw UnreadableFile(path, "no column has a number for every example") }
        return ExampleTable(ids: rows.map { $0[idColumn] }, values: values)
    }

    /// The rows in the order of their names; nil where a name is missing, too long or there twice.
    private static func sorted(_ rows: [[String]], by column: Int) -> [[String]]? {
        guard rows.allSatisfy({ column < $0.count && (1...ExampleTable.idLimit).contains($0[column].count) }) else {
            return nil
        }
        let sorted = rows.sorted { $0[column] < $1[column] }
        return zip(sorted, sorted.dropFirst()).contains { $0[column] == $1[column] } ? nil : sorted
    }
}
