import PipelineModel

/// A job's variables while its rules are asked.
///
/// A condition sees values as they are written; paths see them expanded. References make long values out of short
/// files, so expanding is work that counts like matching does.
final class RuleVariables {
    private let expansion: VariableExpansion
    private let budget: MatchingBudget
    private let written: [String: String]

    init(_ variables: [Variable], budget: MatchingBudget) {
        expansion = VariableExpansion(variables)
        written = Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        self.budget = budget
    }

    /// A variable's value without its references replaced, as GitLab's conditions compare it; nil where it is not set.
    subscript(name: String) -> String? {
        let value = written[name]
        _ = budget.spend((value?.utf8.count ?? 0) + 1)
        return value
    }

    /// A text with its references replaced; what `unknown` says happens to those that nothing is known of.
    func expand(_ text: String, unknown: VariableExpansion.Unknown = .vanishes) -> String {
        guard text.contains("$") else { return text }
        let result = expansion.expand(text, unknown: unknown)
        _ = budget.spend(result.utf8.count)
        return result
    }
}
