import PipelineModel

/// A mistake as it is found: whose it is, what is wrong, and where.
struct Finding: Sendable {
    var severity: Diagnostic.Severity
    /// The job it is about, where it is about one.
    var job: String?
    var text: String
    var span: SourceSpan?

    init(_ severity: Diagnostic.Severity, job: String? = nil, _ text: String, at span: SourceSpan?) {
        self.severity = severity
        self.job = job
        self.text = text
        self.span = span
    }
}
