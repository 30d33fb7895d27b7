import PipelineModel

extension Store {
    /// Writes down what an attempt reported, within the limits of a report. An attempt reports once.
    static func keep(
        _ report: MetricReport?, of attempt: AttemptID, wanted: Set<String>, on connection: any DatabaseConnection
    ) throws {
        guard let report, !report.isEmpty else { return }
        var numbers = report.bounded(keeping: wanted)
        let (curves, examples) = (numbers.curves, numbers.examples)
        numbers.curves = []
        numbers.examples = nil
        try connection.execute(
            "INSERT INTO attempt_report (attempt, numbers, curves, examples) VALUES ($1, $2, $3, $4) "
                + "ON CONFLICT (attempt) DO NOTHING",
            attempt, try jsonText(numbers), try jsonText(curves), try examples.map { try jsonText($0) })
    }

    /// What an attempt reported; nil where that was nothing.
    /// - Parameter curves: whether its curves are read as well.
    public func report(of attempt: AttemptID, curves: Bool = false) async throws -> MetricReport? {
        try await database.read { try Self.report(of: attempt, curves: curves, on: $0) }
    }

    static func report(
        of attempt: AttemptID, curves: Bool = false, examples: Bool = false, on connection: any DatabaseConnection
    ) throws -> MetricReport? {
        let row = try connection.row(
            "SELECT 'attempt_report' AS row_table, attempt AS id, numbers\(curves ? ", curves" : "")\(examples ? ", examples" : "") "
                + "FROM attempt_report WHERE attempt = $1", attempt)
        guard let row else { return nil }
        var report: MetricReport = try row.json("numbers")
        if curves { report.curves = try row.json("curves") }
        if examples { report.examples = try row.optionalJSON("examples") }
        return report
    }
}
