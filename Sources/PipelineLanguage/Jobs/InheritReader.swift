import PipelineModel

/// Reads `inherit:`.
struct InheritReader {
    let values: ValueReader

    /// The defaults and the file's variables that a job takes over, by name; nil means all.
    func read(_ node: Node?) -> (defaults: Set<String>?, variables: Set<String>?) {
        guard let node, !node.isNull, let mapping = values.mapping(node, "inherit", keys: ["default", "variables"])
        else {
            return (nil, nil)
        }
        return (
            names(
                mapping["default"], "default", known: Keywords.defaults + ["cache", "services", "hooks", "id_tokens"]),
            names(mapping["variables"], "variables", known: nil)
        )
    }

    private func names(_ node: Node?, _ key: String, known: [String]?) -> Set<String>? {
        guard let node, !node.isNull else { return nil }
        if node.sequence == nil { return (values.bool(node, "inherit: \(key)") ?? true) ? nil : [] }
        guard let names = values.texts(node, "inherit: \(key)") else { return nil }
        for (name, span) in names {
            guard let known, !known.contains(name) else { continue }
            let hint = values.session.suggestion(for: name, among: known)
            values.error("inherit: \(key): \"\(name.prefix(60))\" is not a default.\(hint)", at: span)
        }
        return Set(names.map(\.text))
    }
}
