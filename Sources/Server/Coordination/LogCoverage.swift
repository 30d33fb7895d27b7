import Evaluation
import PipelineLanguage
import PipelineModel
import Store

/// Finds in a log what `coverage: /…/` of its job looks for, when the log is whole.
///
/// The server does it: a runner reads no pipeline files, and so has no patterns.
enum LogCoverage {
    /// The result with the figure, which wins over that of a report, as on GitLab.
    static func added(to result: AttemptResult, of key: LeaseKey, in store: Store) async throws -> AttemptResult {
        guard result.exitCode != nil, let end = try await store.logEnd(of: key),
            let pattern = CoveragePattern(end.coveragePattern)
        else { return result }
        var result = result
        var findings = result.findings ?? Findings()
        switch pattern.figure(in: lines(of: end.bytes)) {
        case .found(let figure): findings.coverage = figure
        case .nothing: findings.remarks = (findings.remarks ?? []) + ["coverage: no line of the log has the pattern"]
        case .tooLong:
            findings.remarks = (findings.remarks ?? []) + ["coverage: the pattern takes too long on this log"]
        }
        result.findings = findings
        return result
    }

    private static func lines(of bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n")).map { line in
            PlainLine.of(String(decoding: line.prefix(16 << 10), as: UTF8.self), limit: 4_000)
        }
    }
}
