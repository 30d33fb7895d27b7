import PipelineModel

/// One entry of `rules:`. All its conditions must hold; the first entry that matches decides.
struct Rule {
    /// What a matching rule says about when to run.
    enum When: String, CaseIterable {
        case onSuccess = "on_success"
        case onFailure = "on_failure"
        case always, delayed, manual, never

        /// The same for a job; nil for `never`.
        var ofJob: PlannedJob.When? { PlannedJob.When(rawValue: rawValue) }
    }

    /// Globs of `changes` or `exists`; a rule holds when one of them matches.
    struct Paths {
        var globs: [(text: String, span: SourceSpan)]
    }

    var condition: Expression?
    var changes: Paths?
    var exists: Paths?
    var when: When?
    /// How long a delayed job waits.
    var startIn: Duration?
    var allowFailure: Bool?
    var variables: [Variable] = []
    var needs: [NeedDraft]?
    var interruptible: Bool?
    var onNewCommit: Plan.OnNewCommit?
    var span: SourceSpan
}
