import PipelineModel

/// Reads `workflow:`.
struct WorkflowReader {
    let values: ValueReader

    func read(_ node: Node?) -> Workflow {
        var workflow = Workflow()
        guard let node, !node.isNull else { return workflow }
        guard let mapping = values.mapping(node, "workflow", keys: ["name", "rules", "auto_cancel"]) else {
            return workflow
        }
        if let name = mapping["name"], !name.isNull { workflow.name = values.nonEmptyText(name, "workflow: name") }
        if let rules = mapping["rules"] { workflow.rules = RuleReader(values: values, owner: .workflow).read(rules) }
        if let cancel = mapping["auto_cancel"] { workflow.onNewCommit = Self.onNewCommit(cancel, values) }
        return workflow
    }

    private enum OnJobFailure: String, CaseIterable { case none, all }

    /// Reads `auto_cancel`, and tells what of it is not carried out.
    static func onNewCommit(_ node: Node, _ values: ValueReader) -> Plan.OnNewCommit? {
        if node.isNull { return nil }
        guard let mapping = values.mapping(node, "auto_cancel", keys: ["on_new_commit", "on_job_failure"]) else {
            return nil
        }
        if let node = mapping["on_job_failure"] {
            let word: OnJobFailure? = values.word(node, "auto_cancel: on_job_failure")
            if word == .all {
                let text = "on_job_failure: all is not carried out yet: the other jobs run to their end."
                values.warning("auto_cancel: \(text)", at: node.span)
            }
        }
        return mapping["on_new_commit"].flatMap { values.word($0, "auto_cancel: on_new_commit") }
    }
}
