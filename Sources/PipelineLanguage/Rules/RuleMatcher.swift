import PipelineModel

/// Finds the rule that holds.
struct RuleMatcher {
    let values: ValueReader

    private var session: PlanningSession { values.session }

    /// The first rule whose conditions all hold; nil when none does.
    func firstMatch(_ rules: [Rule], variables: [Variable]) -> Rule? {
        let values = RuleVariables(variables, budget: session.budget)
        return rules.first { holds($0, values) }
    }

    private func holds(_ rule: Rule, _ variables: RuleVariables) -> Bool {
        if let condition = rule.condition, !holds(condition, at: rule.span, variables) { return false }
        if let paths = rule.changes, let changes = session.changes, !matches(paths, changes, variables) { return false }
        if let paths = rule.exists, !matches(paths, session.tree, variables) { return false }
        return true
    }

    private func holds(_ condition: Expression, at span: SourceSpan, _ variables: RuleVariables) -> Bool {
        // Once the budget is spent the pipeline is refused, so that no further condition need be looked at.
        if session.budget.isSpent && session.findings.hasErrors { return false }
        do throws(Expression.EvaluationError) {
            let holds = try condition.holds(budget: session.budget) { variables[$0] }
            if session.budget.isSpent { throw .tooMuchWork }
            return holds
        } catch {
            switch error {
            case .pattern(let error):
                values.error("rules: if uses a variable as a pattern, and it is none: \(error.message).", at: span)
            case .tooMuchWork:
                values.error("rules: if takes too long over these values. Make its patterns simpler.", at: span)
            }
        }
        return false
    }

    /// Whether a path matches. With the budget spent it counts as one, as GitLab does past its own limit.
    private func matches(_ paths: Rule.Paths, _ candidates: PathSearch, _ variables: RuleVariables) -> Bool {
        for (text, span) in paths.globs {
            var path = variables.expand(text, unknown: .stays)
            while path.hasPrefix("./") { path.removeFirst(2) }
            do throws(PatternError) {
                switch try candidates.contains(path) {
                case true?: return true
                case false?: break
                case nil:
                    let hint = "counted as a match, because looking at every path would take too long"
                    values.warning("rules: \(text.prefix(60)) is \(hint).", at: span)
                    return true
                }
            } catch {
                values.error("rules: \(text.prefix(60)) is not a path pattern: \(error.message).", at: span)
            }
        }
        return false
    }
}
