import PipelineModel

/// Reads `environment`.
struct EnvironmentReader {
    let values: ValueReader

    private enum Action: String, CaseIterable { case start, prepare, stop, verify, access }
    private enum Tier: String, CaseIterable { case production, staging, testing, development, other }

    func read(_ node: Node) -> PlannedJob.Environment? {
        if node.scalar != nil { return name(node).map { PlannedJob.Environment(name: $0) } }
        let keys = ["name", "url", "action", "deployment_tier", "on_stop", "auto_stop_in"]
        let later = ["kubernetes": "Deploy with the script."]
        guard let mapping = values.mapping(node, "environment", keys: keys, unsupported: later) else { return nil }
        guard let nameNode = mapping["name"], !nameNode.isNull else {
            values.error("environment needs a name.", at: node.span)
            return nil
        }
        guard let name = name(nameNode) else { return nil }
        var environment = PlannedJob.Environment(name: name)
        if let url = mapping["url"], !url.isNull { environment.url = values.nonEmptyText(url, "environment: url") }
        if let node = mapping["action"], !node.isNull {
            let action: Action? = values.word(node, "environment: action")
            environment.action = action.flatMap { .init(rawValue: $0.rawValue) } ?? .start
        }
        if let node = mapping["deployment_tier"], !node.isNull {
            let tier: Tier? = values.word(node, "environment: deployment_tier")
            environment.tier = tier?.rawValue
        }
        checkStopping(mapping)
        return environment
    }

    /// The job that `on_stop` names.
    func stopJob(_ node: Node) -> (job: String, span: SourceSpan)? {
        guard let stop = node.mapping?["on_stop"], let job = stop.string else { return nil }
        return (job, stop.span)
    }

    private func name(_ node: Node) -> String? {
        guard let name = values.nonEmptyText(node, "environment: name") else { return nil }
        if name.count > 255 { values.error("environment: name may have 255 characters.", at: node.span) }
        let isAllowed: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber || " -_/${}.".contains($0)) }
        if !name.allSatisfy(isAllowed) || name.hasPrefix("/") || name.hasSuffix("/") {
            let text = "may have letters, digits, blanks and - _ / . $ { }, and no / at either end."
            values.error("environment: name \(text)", at: node.span)
        }
        return name
    }

    private func checkStopping(_ mapping: Mapping) {
        if let node = mapping["on_stop"], !node.isNull, values.text(node, "environment: on_stop") != nil {
            values.warning("environment: on_stop is not carried out yet: a person starts that job.", at: node.span)
        }
        if let node = mapping["auto_stop_in"], !node.isNull {
            if node.string != "never" { _ = values.duration(node, "environment: auto_stop_in") }
            values.warning("environment: auto_stop_in is not carried out yet: nothing stops by itself.", at: node.span)
        }
    }
}
