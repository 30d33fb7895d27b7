import PipelineModel

/// What the parts of one planning share: limits, the context, the findings so far and the budgets.
///
/// Made for one call of `Planner.plan`, used on its thread, and gone with it.
final class PlanningSession {
    let limits: PlanningLimits
    let context: PlanningContext
    let findings: Findings
    let budget: MatchingBudget
    /// The paths that the event changed; nil where there is nothing to compare with.
    let changes: PathSearch?
    /// All paths of the repository.
    let tree: PathSearch
    private var expandedNodes = 0
    private var reportedExpansion = false
    private var suggestions = 40
    private var expressions: [String: Result<Expression, PatternError>] = [:]

    init(limits: PlanningLimits, context: PlanningContext, findings: Findings) {
        self.limits = limits
        self.context = context
        self.findings = findings
        let budget = MatchingBudget(limits.matchingSteps)
        self.budget = budget
        changes = context.changedFiles.map { PathSearch($0, budget: budget) }
        tree = PathSearch(context.tree, budget: budget)
    }

    /// Counts values that `extends` and `!reference` copied. False, with one error told, when there are too many.
    func countExpanded(_ nodes: Int, job: String?, at span: SourceSpan?) -> Bool {
        expandedNodes = Node.saturatingSum(expandedNodes, nodes)
        if expandedNodes <= limits.expandedNodes { return true }
        if !reportedExpansion {
            reportedExpansion = true
            let text =
                "extends, !reference and variables give the jobs more than \(limits.expandedNodes) values together."
            findings.error(text, job: job, at: span)
        }
        return false
    }

    /// ` Did you mean …?` for a misspelt name. Only the first mistakes get one: each costs a look at every name.
    func suggestion(for name: String, among names: some Sequence<String>) -> String {
        guard suggestions > 0 else { return "" }
        suggestions -= 1
        return Spelling.suggestion(for: name, among: names)
    }

    /// Reads a condition, each text once however many jobs share it.
    func expression(_ text: String) -> Result<Expression, PatternError> {
        if let known = expressions[text] { return known }
        let result = Result { () throws(PatternError) in try Expression(text) }
        expressions[text] = result
        return result
    }
}
