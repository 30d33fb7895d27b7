import PipelineModel

/// Reads `ml: gate`: what each metric must hold.
struct GateReader {
    let values: ValueReader

    private enum Want: String, CaseIterable { case higher, lower }

    /// The rules in the order of the file.
    func read(_ node: Node) -> [GateRule] {
        guard let mapping = node.mapping else {
            values.error("ml: gate must be a map of metrics, and is \(node.kindName).", at: node.span)
            return []
        }
        if mapping.entries.isEmpty { values.error("ml: gate names no metric.", at: node.span) }
        return mapping.entries.compactMap(rule)
    }

    private func rule(_ entry: Mapping.Entry) -> GateRule? {
        let name = "gate \(entry.key.prefix(60))"
        let keys = ["want", "tolerance", "min", "max"]
        guard let mapping = values.mapping(entry.value, name, keys: keys) else { return nil }
        guard let wantNode = mapping["want"], !wantNode.isNull else {
            let rest = mapping.entries.compactMap { part in part.value.scalar.map { ", \(part.key): \($0.text)" } }
            let text = "\(name): \"want\" is missing. Pawl does not guess a direction."
            values.error(
                "\(text) Write \(entry.key.prefix(60)): {want: higher\(rest.joined().prefix(80))}", at: entry.value.span
            )
            return nil
        }
        guard let want: Want = values.word(wantNode, "\(name): want") else { return nil }
        var rule = GateRule(metric: entry.key, want: want == .higher ? .higher : .lower)
        rule.tolerance = number(mapping["tolerance"], "\(name): tolerance")
        rule.min = number(mapping["min"], "\(name): min")
        rule.max = number(mapping["max"], "\(name): max")
        if let tolerance = rule.tolerance, tolerance < 0 {
            values.error("\(name): tolerance must not be below 0.", at: mapping["tolerance"]?.span)
        }
        if let least = rule.min, let most = rule.max, least > most {
            values.error("\(name): min is above max, so nothing could pass.", at: entry.value.span)
        }
        return rule
    }

    private func number(_ node: Node?, _ key: String) -> Double? {
        guard let node, !node.isNull else { return nil }
        if let number = Self.number(node) { return number }
        values.error("\(key) must be a number.", at: node.span)
        return nil
    }

    /// A number as written; `1e-3` is one here, though YAML 1.1 takes it for a text.
    static func number(_ node: Node) -> Double? {
        guard let scalar = node.scalar else { return nil }
        switch scalar.kind {
        case .integer(let value): return Double(value)
        case .float(let value): return value.isFinite ? value : nil
        case .string: return Double(scalar.text).flatMap { $0.isFinite ? $0 : nil }
        case .null, .bool: return nil
        }
    }
}
