import PipelineModel

/// Collects the findings of one planning and gives them as diagnostics in the order of their places.
///
/// Used by one planning on one thread; it never leaves it.
final class Findings {
    private var found: [Finding] = []
    private var positions: [String: Int] = [:]
    private var moreJobs: [Int: Int] = [:]
    private var fileOrder: [String: Int] = [:]
    private let limit: Int
    private var omitted = 0
    private static let textLimit = 600

    /// `limit` bounds what is kept.
    init(limit: Int) { self.limit = limit }

    /// Says that a file is read now; diagnostics come in the order in which files were first read.
    func begin(_ file: String) {
        if fileOrder[file] == nil { fileOrder[file] = fileOrder.count }
    }

    /// Whether the pipeline must be refused.
    var hasErrors: Bool { errorCount > 0 }

    /// How many errors there are, one that is told at several jobs counted for each.
    private(set) var errorCount = 0

    func error(_ text: String, job: String? = nil, at span: SourceSpan?) {
        add(Finding(.error, job: job, text, at: span))
    }

    func warning(_ text: String, job: String? = nil, at span: SourceSpan?) {
        add(Finding(.warning, job: job, text, at: span))
    }

    /// Adds a finding; the same text at the same place, as a template gives it for each of its jobs, is told once.
    func add(_ finding: Finding) {
        var finding = finding
        if finding.severity == .error { errorCount += 1 }
        // Names come from the file, and may be as long as it.
        finding.text = String(finding.text.prefix(Self.textLimit))
        let place = finding.span.map { "\($0.source.path):\($0.line):\($0.column)" } ?? finding.job ?? ""
        let key = "\(place) \(finding.text)"
        if let position = positions[key] {
            moreJobs[position, default: 0] += 1
            return
        }
        guard found.count < limit else {
            omitted += 1
            return
        }
        positions[key] = found.count
        found.append(finding)
    }

    /// All of them, sorted by file, line and column; those without a place come last.
    var diagnostics: [Diagnostic] {
        let sorted = found.enumerated().sorted { left, right in
            guard let one = left.element.span else { return right.element.span == nil && left.offset < right.offset }
            guard let other = right.element.span else { return true }
            let order = (fileOrder[one.source.path] ?? 0, one.line, one.column)
            let next = (fileOrder[other.source.path] ?? 0, other.line, other.column)
            return order == next ? left.offset < right.offset : order < next
        }
        var result = sorted.map { diagnostic($0.element, more: moreJobs[$0.offset] ?? 0) }
        if omitted > 0 { result.append(Diagnostic(.error, "\(omitted) further findings are left out.")) }
        return result
    }

    private func diagnostic(_ finding: Finding, more: Int) -> Diagnostic {
        var message = finding.text
        if let job = finding.job {
            let others = more == 0 ? "" : more == 1 ? " (and 1 more job)" : " (and \(more) more jobs)"
            message = "\(job.prefix(80))\(others): \(message)"
        }
        return Diagnostic(
            finding.severity, message, at: finding.span?.place,
            line: finding.span?.source.line(finding.span?.line ?? 1),
            length: finding.span?.length ?? 1)
    }
}
