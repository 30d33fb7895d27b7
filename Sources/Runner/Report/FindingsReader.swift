import Evaluation
import PipelineModel

/// Reads what a job's tests found from the files that it left in its workspace.
///
/// Whatever the files are, reading them fails no job: what cannot be read is a remark.
struct FindingsReader {
    private let files: WorkspaceFiles
    private var findings = Findings()
    private var remarks: [String] = []

    /// How many files of test results are read: Maven writes one for each class.
    private static let fileLimit = 5_000
    /// How many bytes are read of all of them together.
    private static let totalLimit: Int64 = 256 << 20

    private init(_ plan: AttemptPlan) { files = WorkspaceFiles(plan: plan) }

    /// What was found; nil where the pipeline file asks for none. Blocks its thread.
    static func findings(of plan: AttemptPlan) -> Findings? {
        guard let reports = plan.assignment.job.artifacts?.reports, reports.junit != nil || reports.coverage != nil
        else {
            return nil
        }
        var reader = FindingsReader(plan)
        reader.readTests(reports.junit ?? [])
        if let coverage = reports.coverage { reader.readCoverage(coverage) }
        reader.findings.remarks = reader.remarks.isEmpty ? nil : reader.remarks
        return reader.findings.bounded
    }

    private mutating func readTests(_ globs: [String]) {
        var left = Self.totalLimit
        for path in paths(globs, named: "junit") {
            guard left > 0 else {
                return remarks.append(
                    "\(path) and those after it: test results are read up to \(Self.totalLimit >> 20) MiB")
            }
            guard let bytes = read(path, limit: JUnitFile.sizeLimit) else { continue }
            left -= Int64(bytes.count)
            let (report, problem) = JUnitFile.read(bytes)
            if let problem { remarks.append("\(path): \(problem)") }
            if report.total > 0 || problem == nil { findings.tests = (findings.tests ?? TestReport()) + report }
        }
    }

    private mutating func readCoverage(_ report: CoverageReport) {
        let found = paths([report.path], named: "coverage_report")
        if found.count > 1 { remarks.append("coverage_report: of \(found.count) files the first is read") }
        guard let path = found.first, let bytes = read(path, limit: CoverageFile.sizeLimit) else { return }
        do throws(UnreadableFile) {
            findings.coverage = try CoverageFile.read(bytes, as: report.format, path: path)
        } catch {
            remarks.append("\(error)")
        }
    }

    private mutating func paths(_ globs: [String], named kind: String) -> [String] {
        files.matching(globs, named: kind, limit: Self.fileLimit, &remarks)
    }

    /// A file's bytes; nil where it is none, which is a remark then.
    private mutating func read(_ path: String, limit: Int) -> [UInt8]? {
        do {
            return try files.bytes(of: path, limit: limit)
        } catch {
            remarks.append("\(error)")
            return nil
        }
    }
}
