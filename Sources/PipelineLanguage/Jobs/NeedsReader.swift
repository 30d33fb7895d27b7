import PipelineModel

/// Reads `needs:` of a job or a rule.
struct NeedsReader {
    let values: ValueReader

    private static let elsewhere = "Only jobs of the same pipeline can be needed."
    private static let unsupported = [
        "pipeline": elsewhere, "project": elsewhere, "ref": elsewhere,
    ]

    /// The needed jobs in order; nil where the key does not say.
    func read(_ node: Node, _ key: String) -> [NeedDraft]? {
        if node.isNull { return nil }
        guard let items = values.flattened(node, key) else { return nil }
        let drafts = items.compactMap { need($0, key) }
        var seen: Set<String> = []
        for draft in drafts where !seen.insert(draft.need.job).inserted {
            values.error("\(key): \"\(draft.need.job.prefix(80))\" is named twice. Keep one.", at: draft.span)
        }
        let limit = values.session.limits.needs
        if drafts.count > limit {
            values.error("\(key): \(drafts.count) jobs are needed, and \(limit) are allowed.", at: node.span)
        }
        return drafts
    }

    private func need(_ node: Node, _ key: String) -> NeedDraft? {
        if node.isNull {
            values.error("\(key) has an empty entry.", at: node.span)
            return nil
        }
        if node.scalar != nil {
            return values.nonEmptyText(node, "each entry of \(key)").map {
                NeedDraft(need: .init(job: $0), span: node.span)
            }
        }
        let keys = ["job", "artifacts", "optional", "parallel"]
        let label = node.mapping?["job"]?.string.map { "\(key): \($0.prefix(80))" } ?? key
        guard let mapping = values.mapping(node, label, keys: keys, unsupported: Self.unsupported) else { return nil }
        guard let job = mapping["job"] else {
            if mapping.entries.allSatisfy({ Self.unsupported[$0.key] == nil }) {
                values.error("\(key): an entry has no job.", at: node.span)
            }
            return nil
        }
        guard let name = values.nonEmptyText(job, "\(key): job") else { return nil }
        var need = PlannedJob.Need(job: name)
        if let node = mapping["artifacts"] { need.artifacts = values.bool(node, "\(key): artifacts") ?? true }
        if let node = mapping["optional"] { need.optional = values.bool(node, "\(key): optional") ?? false }
        var draft = NeedDraft(need: need, span: job.span)
        if let node = mapping["parallel"], !node.isNull {
            draft.parts = ParallelReader(values: values).parts(node, "\(key): parallel")?.map(\.ending)
        }
        return draft
    }
}
