import PipelineModel

/// A job's variables while its rules are asked: each is expanded once, and pays for its length.
///
/// References make long values out of short files, so expanding is work that counts like matching does.
final class RuleVariables {
    private let expansion: VariableExpansion
    private let budget: MatchingBudget
    private var known: [String: String?] = [:]

    init(_ variables: [Variable], budget: MatchingBudget) {
        expansion = VariableExpansion(variables)
        self.budget = budget
    }

    /// A variable's value; nil where it is not set.
    subscript(name: String) -> String? {
        if let value = known[name] { return value }
        let value = expansion[name]
        _ = budget.spend((value?.utf8.count ?? 0) + 1)
        known[name] = value
        return value
    }

    /// A text with its references replaced.
    func expand(_ text: String) -> String {
        guard text.contains("$") else { return text }
        let result = expansion.expand(text)
        _ = budget.spend(result.utf8.count)
        return result
    }
}
