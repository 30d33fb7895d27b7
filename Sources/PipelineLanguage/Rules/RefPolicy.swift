import PipelineModel

/// `only` or `except`, the older way to say which pipelines a job is for. What it does not ask for is nil.
struct RefPolicy {
    /// Kinds of pipelines, names of branches and tags, and patterns over these; one has to fit.
    var refs: [Ref]?
    /// Conditions as rules, one of which has to hold.
    var conditions: [Rule]?
    /// Changed paths as a rule.
    var changes: Rule?

    /// One entry of `refs`.
    struct Ref {
        /// What stands before an `@`: `branches`, `main`, `/^v/`.
        var text: String
        /// The same as a pattern, where it is one.
        var pattern: Pattern?
        /// The repository after an `@`, which it is limited to.
        var repository: String?
    }

    /// What a job without `only` is for.
    static let branchesAndTags = [Ref(text: "branches"), Ref(text: "tags")]
}
