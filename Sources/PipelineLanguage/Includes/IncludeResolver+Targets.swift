import PipelineModel

/// A file that is included.
struct IncludeTarget {
    /// Its path in the repository.
    var path: String
    /// Where it is named; nil for the pipeline file itself.
    var span: SourceSpan?
    /// The values of its inputs; nil where none are given.
    var inputs: Node?
}

extension IncludeResolver {
    private static let elsewhere = ["project", "remote", "template", "component", "artifact", "job", "file", "ref"]

    /// What an `include` names, globs written out, in order.
    func targets(_ node: Node) -> [IncludeTarget] {
        if node.isNull { return [] }
        let items = node.sequence == nil ? [node] : values.flattened(node, "include") ?? []
        // One more than is allowed is enough to be refused for, and no list is too long to go through.
        return items.prefix(session.limits.includes + 1).flatMap(targets(of:))
    }

    private func targets(of item: Node) -> [IncludeTarget] {
        if let text = item.string {
            if text.hasPrefix("http://") || text.hasPrefix("https://") {
                values.error(Self.complaint("remote"), at: item.span)
                return []
            }
            return paths(text, at: item.span)
        }
        guard let mapping = item.mapping else {
            values.error("include must be a path or a map with local, and is \(item.kindName).", at: item.span)
            return []
        }
        if let other = mapping.entries.first(where: { Self.elsewhere.contains($0.key) }) {
            values.error(Self.complaint(other.key), at: other.keySpan)
            return []
        }
        _ = values.mapping(item, "include", keys: ["inputs", "local", "rules"])
        guard let local = mapping["local"] else {
            values.error("include needs local: and a path of this repository.", at: item.span)
            return []
        }
        guard let text = values.nonEmptyText(local, "include: local"), applies(mapping) else { return [] }
        return paths(text, at: local.span).map { target in
            var target = target
            target.inputs = mapping["inputs"]
            return target
        }
    }

    private static func complaint(_ key: String) -> String {
        "include: \(key) is not supported. Only files of this repository can be included, with local."
    }

    private func applies(_ mapping: Mapping) -> Bool {
        guard let node = mapping["rules"], let rules = RuleReader(values: values, owner: .include).read(node) else {
            return true
        }
        let rule = RuleMatcher(values: values).firstMatch(rules, variables: session.context.layered([]))
        return rule.map { $0.when != .never } ?? false
    }

    private func paths(_ written: String, at span: SourceSpan) -> [IncludeTarget] {
        let text = VariableExpansion(session.context.layered([])).expand(written)
        let path = text.hasPrefix("/") ? String(text.dropFirst()) : text
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if let problem = Self.problem(parts) {
            values.error("include: \(text.prefix(200)) \(problem)", at: span)
            return []
        }
        guard path.contains("*") else { return [IncludeTarget(path: path, span: span)] }
        do throws(PatternError) {
            let glob = try Glob(path, dialect: .include)
            let isYAML: (String) -> Bool = { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") }
            let found = session.context.tree.filter {
                isYAML($0) && glob.matches($0, budget: session.budget) ?? false
            }
            if session.budget.isSpent {
                values.error("include: looking for \(path.prefix(200)) takes too long.", at: span)
                return []
            }
            if found.isEmpty { values.warning("include: no file matches \(path.prefix(200)).", at: span) }
            return found.sorted().map { IncludeTarget(path: $0, span: span) }
        } catch {
            values.error("include: \(path.prefix(200)) is not a path pattern: \(error.message).", at: span)
            return []
        }
    }

    private static func problem(_ parts: [Substring]) -> String? {
        if parts.contains("..") { return "leads out of the repository with ..; write the path from its root." }
        if parts.contains(".") { return "has a . in it; write the path from the root of the repository." }
        if parts.contains("") { return "is not a path." }
        if parts.contains(where: { $0.utf8.contains(0) }) { return "has a null character in it." }
        guard let name = parts.last, name.hasSuffix(".yml") || name.hasSuffix(".yaml") else {
            return "is not a .yml or .yaml file."
        }
        return nil
    }
}
