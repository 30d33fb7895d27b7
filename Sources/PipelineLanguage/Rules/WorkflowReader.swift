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
        if let cancel = mapping["auto_cancel"] { Self.checkAutoCancel(cancel, values) }
        return workflow
    }

    private enum OnNewCommit: String, CaseIterable { case conservative, interruptible, none }
    private enum OnJobFailure: String, CaseIterable { case none, all }

    /// Interruptible jobs are cancelled by a newer pipeline whatever stands here; everything else is told.
    static func checkAutoCancel(_ node: Node, _ values: ValueReader) {
        if node.isNull { return }
        guard let mapping = values.mapping(node, "auto_cancel", keys: ["on_new_commit", "on_job_failure"]) else {
            return
        }
        if let node = mapping["on_new_commit"] {
            let word: OnNewCommit? = values.word(node, "auto_cancel: on_new_commit")
            if let word, word != .interruptible {
                let text =
                    "on_new_commit: \(word.rawValue) is not carried out yet: a newer pipeline cancels interruptible jobs."
                values.warning("auto_cancel: \(text)", at: node.span)
            }
        }
        if let node = mapping["on_job_failure"] {
            let word: OnJobFailure? = values.word(node, "auto_cancel: on_job_failure")
            if word == .all {
                let text = "on_job_failure: all is not carried out yet: the other jobs run to their end."
                values.warning("auto_cancel: \(text)", at: node.span)
            }
        }
    }
}
