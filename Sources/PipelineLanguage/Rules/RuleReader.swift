import PipelineModel

/// Reads `rules:` of a job, a workflow or an include.
struct RuleReader {
    /// Whose rules they are, which decides their keys.
    enum Owner: Equatable { case job, workflow, include }

    let values: ValueReader
    let owner: Owner

    private var keys: [String] {
        switch owner {
        case .job:
            ["if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs", "interruptible"]
        case .workflow: ["if", "changes", "exists", "when", "variables", "auto_cancel"]
        case .include: ["if", "changes", "exists", "when"]
        }
    }

    /// The rules in order; nil where there are none to go by.
    func read(_ node: Node) -> [Rule]? {
        if node.isNull { return nil }
        guard let items = values.flattened(node, "rules") else { return nil }
        guard !items.isEmpty else {
            values.error("rules is an empty list, which would keep it out of every pipeline. Remove it.", at: node.span)
            return nil
        }
        return items.compactMap(rule)
    }

    private func rule(_ node: Node) -> Rule? {
        guard let mapping = values.mapping(node, "rules", keys: keys) else { return nil }
        if mapping.entries.isEmpty {
            values.error("rules: a rule says nothing, which would match always. Write when: always.", at: node.span)
        }
        var rule = Rule(span: node.span)
        if let condition = mapping["if"], !condition.isNull { rule.condition = expression(condition) }
        if let changes = mapping["changes"], !changes.isNull {
            rule.changes = paths(
                changes, "changes",
                unsupported: ["compare_to": "Changes are those of the event.", "regexp": Self.insteadOfRegexp])
        }
        if let exists = mapping["exists"], !exists.isNull {
            let other = "Only paths of this repository are looked at."
            rule.exists = paths(
                exists, "exists", unsupported: ["project": other, "ref": other, "regexp": Self.insteadOfRegexp])
        }
        if let when = mapping["when"], !when.isNull { rule.when = self.when(when) }
        let delay = mapping["start_in"].flatMap { $0.isNull ? nil : $0 }
        rule.startIn = values.startIn(
            delay, isDelayed: rule.when == .delayed, "rules: ", at: mapping["when"]?.span)
        if let variables = mapping["variables"] {
            rule.variables = VariableReader(values: values, scope: .rule).read(variables)
        }
        if let allowed = mapping["allow_failure"] { rule.allowFailure = values.bool(allowed, "rules: allow_failure") }
        if let value = mapping["interruptible"] { rule.interruptible = values.bool(value, "rules: interruptible") }
        if let needs = mapping["needs"] { rule.needs = NeedsReader(values: values).read(needs, "rules: needs") }
        if let cancel = mapping["auto_cancel"] { rule.onNewCommit = WorkflowReader.onNewCommit(cancel, values) }
        return rule
    }

    private static let insteadOfRegexp = "Write globs under paths."

    private func expression(_ node: Node) -> Expression? {
        guard let text = node.string ?? node.scalar.map(\.text) else {
            values.error("rules: if must be a text, and is \(node.kindName).", at: node.span)
            return nil
        }
        switch values.session.expression(text) {
        case .success(let expression): return expression
        case .failure(let error):
            values.error("rules: if \(text.prefix(80)) cannot be read: \(error.message).", at: node.span)
            return nil
        }
    }

    private func when(_ node: Node) -> Rule.When? {
        guard let when: Rule.When = values.word(node, "rules: when") else { return nil }
        if owner != .job, when != .always, when != .never {
            values.error("rules: when may be always or never here.", at: node.span)
            return nil
        }
        return when
    }

    private func paths(_ node: Node, _ key: String, unsupported: [String: String]) -> Rule.Paths? {
        var list = node
        if node.mapping != nil {
            guard let mapping = values.mapping(node, "rules: \(key)", keys: ["paths"], unsupported: unsupported) else {
                return nil
            }
            guard let paths = mapping["paths"] else {
                if mapping.entries.contains(where: { unsupported[$0.key] != nil }) { return nil }
                values.error("rules: \(key) needs paths.", at: node.span)
                return nil
            }
            list = paths
        }
        guard let globs = values.texts(list, "rules: \(key)") else { return nil }
        guard globs.count <= 50 else {
            values.error("rules: \(key) has more than 50 paths.", at: list.span)
            return nil
        }
        return Rule.Paths(globs: globs)
    }
}
