import PipelineModel

/// Reads `variables:` of a file, a job or a rule.
struct VariableReader {
    /// Where the variables stand, which decides the forms they may have.
    enum Scope { case file, job, rule }

    let values: ValueReader
    let scope: Scope

    /// The variables in the order of the file.
    func read(_ node: Node) -> [Variable] {
        if node.isNull { return [] }
        guard let mapping = node.mapping else {
            values.error("variables must be a map of names and values, and is \(node.kindName).", at: node.span)
            return []
        }
        return mapping.entries.compactMap { variable($0) }
    }

    private func variable(_ entry: Mapping.Entry) -> Variable? {
        let name = entry.key
        guard Variable.isName(name) else {
            // GitLab takes any name; no shell could read it, and it must not reach one.
            let text = "\"\(name.prefix(60))\" is left out: letters, digits and _ make a name that a shell can use."
            values.warning("variables: \(text)", at: entry.keySpan)
            return nil
        }
        if let scalar = entry.value.scalar { return single(name, scalar, entry.value.span) }
        var keys = ["value", "expand"]
        if scope == .file { keys += ["description", "options"] }
        let misplaced =
            scope == .file
            ? [:]
            : [
                "options": "It is for the file's own variables only.",
                "description": "It is for the file's own variables only.",
            ]
        guard entry.value.mapping != nil else {
            values.error(
                "variables: \(name) must be a text or a map, and is \(entry.value.kindName).", at: entry.value.span)
            return nil
        }
        guard let mapping = values.mapping(entry.value, "variables: \(name)", keys: keys, unsupported: misplaced) else {
            return nil
        }
        let value = mapping["value"].flatMap { node in
            node.scalar.flatMap { node.isNull ? nil : single(name, $0, node.span).value } ?? complaint(name, node)
        }
        let expands = mapping["expand"].flatMap { values.bool($0, "variables: \(name): expand") } ?? true
        checkOptions(mapping["options"], of: name, value: value)
        return Variable(name, value ?? "", expands: expands)
    }

    private func complaint(_ name: String, _ node: Node) -> String? {
        values.error("variables: \(name): value must be a text, and is \(node.kindName).", at: node.span)
        return nil
    }

    /// A variable without a map; one with nothing after its name is empty, as in GitLab.
    private func single(_ name: String, _ scalar: Scalar, _ span: SourceSpan) -> Variable {
        guard let text = scalar.variableText else { return Variable(name, "") }
        if scalar.losesItsForm {
            let hint = "\(scalar.text) is a number to YAML and becomes \(text). Put it in quotes if that is not meant."
            values.warning("variables: \(name): \(hint)", at: span)
        }
        return Variable(name, text)
    }

    private func checkOptions(_ node: Node?, of name: String, value: String?) {
        guard let node, let options = values.texts(node, "variables: \(name): options") else { return }
        guard !options.contains(where: { $0.text == value }) else { return }
        values.error("variables: \(name): value must be one of its options.", at: node.span)
    }
}
