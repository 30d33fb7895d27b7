import PipelineModel

/// Reads `only` and `except`.
struct RefPolicyReader {
    let values: ValueReader
    /// The keyword that is read.
    let key: String

    func read(_ node: Node) -> RefPolicy? {
        if node.isEmpty { return nil }
        var policy = RefPolicy()
        if node.sequence != nil {
            policy.refs = refs(node)
            return policy
        }
        let later = ["kubernetes": "Whether a cluster is there is not known."]
        guard let mapping = values.mapping(node, key, keys: ["refs", "variables", "changes"], unsupported: later) else {
            return nil
        }
        if let node = mapping["refs"], !node.isNull { policy.refs = refs(node) }
        if let node = mapping["variables"], !node.isNull {
            policy.conditions = values.texts(node, "\(key): variables")?.compactMap { condition($0.text, at: $0.span) }
        }
        if let node = mapping["changes"], !node.isNull {
            policy.changes = values.texts(node, "\(key): changes").map {
                Rule(changes: Rule.Paths(globs: $0), span: node.span)
            }
        }
        return policy
    }

    private func refs(_ node: Node) -> [RefPolicy.Ref] {
        (values.texts(node, "\(key): refs") ?? []).map { text, span in
            let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            var ref = RefPolicy.Ref(text: parts[0], repository: parts.count == 2 ? parts[1] : nil)
            do throws(PatternError) {
                ref.pattern = try Pattern(slashed: parts[0])
            } catch {
                values.error("\(key): \(text.prefix(80)) cannot be read: \(error.message).", at: span)
            }
            return ref
        }
    }

    private func condition(_ text: String, at span: SourceSpan) -> Rule? {
        switch values.session.expression(text) {
        case .success(let expression): return Rule(condition: expression, span: span)
        case .failure(let error):
            values.error("\(key): variables \(text.prefix(80)) cannot be read: \(error.message).", at: span)
            return nil
        }
    }
}
