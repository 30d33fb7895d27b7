/// What the seeds of a commit reported that others are compared with.
public struct AcceptedResults: Hashable, Sendable {
    /// What they are of.
    public var reference: BaselineReference
    /// What each seed reported.
    public var reports: [Int: MetricReport]

    /// Collects results.
    public init(_ reference: BaselineReference, reports: [Int: MetricReport]) {
        self.reference = reference
        self.reports = reports
    }
}
