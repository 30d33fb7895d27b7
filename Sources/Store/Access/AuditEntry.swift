import PipelineModel

/// Something a person did that others may want to know about later.
public struct AuditEntry: Hashable, Sendable {
    /// When.
    public var at: Timestamp
    /// Who: a token's name, or `pawl` for the server itself.
    public var by: String
    /// What, as a verb and a noun: `pipeline.cancel`, `secret.set`.
    public var action: String
    /// To what: `#128`, `128/train`, `ml/churn`.
    public var subject: String
    /// More in words, never a secret.
    public var detail: String?

    /// Describes what was done.
    public init(at: Timestamp, by: String, action: String, subject: String, detail: String? = nil) {
        self.at = at
        self.by = by
        self.action = action
        self.subject = subject
        self.detail = detail
    }
}
