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
        let keys = ["want", "tolerance", "min", "max", "ratchet", "baseline"]
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
        rule.tolerance = tolerance(mapping["tolerance"], "\(name): tolerance")
        rule.min = number(mapping["min"], "\(name): min")
        rule.max = number(mapping["max"], "\(name): max")
        rule.ratchet = notNegative(mapping["ratchet"], "\(name): ratchet")
        rule.baseline = number(mapping["baseline"], "\(name): baseline")
        if let least = rule.min, let most = rule.max, least > most {
            values.error("\(name): min is above max, so nothing could pass.", at: entry.value.span)
        }
        return rule
    }

    /// `0.002` in the metric's unit, or `0.5 %` of the baseline.
    private func tolerance(_ node: Node?, _ key: String) -> GateRule.Tolerance? {
        guard let node, !node.isNull else { return nil }
        if let text = node.scalar?.text, text.hasSuffix("%") {
            let share = Double(text.dropLast().trimmingSpaces)
            guard let share, share.isFinite, share >= 0 else {
                values.error("\(key) must be a number or a percentage, such as 0.002 or 0.5 %.", at: node.span)
                return nil
            }
            return .relative(share / 100)
        }
        return notNegative(node, key).map { .absolute($0) }
    }

    private func notNegative(_ node: Node?, _ key: String) -> Double? {
        guard let number = number(node, key) else { return nil }
        if number < 0 { values.error("\(key) must not be below 0.", at: node?.span) }
        return number
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

/// Reads `ml: judge`: how sure the gate has to be, and what becomes of doubts.
struct JudgeReader {
    let values: ValueReader

    func read(_ node: Node) -> JudgeSettings? {
        let keys = ["confidence", "inconclusive", "one_seed", "no_baseline", "version"]
        guard let mapping = values.mapping(node, "ml: judge", keys: keys) else { return nil }
        var settings = JudgeSettings()
        if let node = mapping["confidence"], !node.isNull {
            let isPercentage = node.scalar?.text.hasSuffix("%") ?? false
            let number =
                isPercentage
                ? node.scalar.flatMap { Double($0.text.dropLast().trimmingSpaces) }.map { $0 / 100 }
                : GateReader.number(node)
            if let number, (0.5...0.9999).contains(number) {
                settings.confidence = number
            } else {
                values.error("ml: judge: confidence must be from 0.5 to 0.9999, such as 0.95.", at: node.span)
            }
        }
        settings.inconclusive = doubt(mapping["inconclusive"], "inconclusive") ?? settings.inconclusive
        settings.oneSeed = doubt(mapping["one_seed"], "one_seed") ?? settings.oneSeed
        if let node = mapping["no_baseline"], !node.isNull {
            settings.noBaseline = values.word(node, "ml: judge: no_baseline") ?? settings.noBaseline
        }
        settings.version = version(mapping["version"])
        if settings.version != nil && settings.noBaseline == .train {
            values.error(
                "ml: judge: no_baseline: train runs the target branch's commit, and version names another. Leave one out.",
                at: mapping.entry("version")?.keySpan)
        }
        return settings
    }

    private func version(_ node: Node?) -> String? {
        guard let node, !node.isNull else { return nil }
        guard let tag = node.scalar?.text, (1...200).contains(tag.utf8.count), !tag.contains(where: \.isWhitespace)
        else {
            values.error("ml: judge: version must be a tag, such as churn@v1.2.0.", at: node.span)
            return nil
        }
        return tag
    }

    private func doubt(_ node: Node?, _ key: String) -> JudgeSettings.Doubt? {
        guard let node, !node.isNull else { return nil }
        return values.word(node, "ml: judge: \(key)")
    }
}
