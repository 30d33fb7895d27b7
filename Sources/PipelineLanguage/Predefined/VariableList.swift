import PipelineModel

/// Variables in the order they were added; what is not known is left out rather than set to nothing.
struct VariableList {
    private(set) var variables: [Variable]

    init(_ variables: [Variable] = []) { self.variables = variables }

    mutating func add(_ name: String, _ value: String?, expands: Bool = false) {
        guard let value else { return }
        variables.append(Variable(name, value, expands: expands))
    }

    mutating func add(_ name: String, _ flag: Bool) { add(name, flag ? "true" : "false") }
}
