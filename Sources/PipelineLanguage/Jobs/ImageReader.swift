import PipelineModel

/// Reads `image`.
struct ImageReader {
    let values: ValueReader

    func read(_ node: Node) -> PlannedJob.Image? {
        if node.scalar != nil { return values.nonEmptyText(node, "image").map { PlannedJob.Image(name: $0) } }
        let later = [
            "docker": "User and platform are those of the image.", "kubernetes": "User is that of the image.",
        ]
        let keys = ["name", "entrypoint", "pull_policy"]
        guard let mapping = values.mapping(node, "image", keys: keys, unsupported: later) else { return nil }
        guard let name = mapping["name"] else {
            values.error("image needs a name.", at: node.span)
            return nil
        }
        guard let text = values.nonEmptyText(name, "image: name") else { return nil }
        var image = PlannedJob.Image(name: text)
        if let entrypoint = mapping["entrypoint"], !entrypoint.isNull {
            image.entrypoint = values.texts(entrypoint, "image: entrypoint")?.map(\.text)
        }
        if let policy = mapping["pull_policy"], !policy.isNull { image.pullPolicy = pullPolicy(policy) }
        return image
    }

    private func pullPolicy(_ node: Node) -> [PlannedJob.PullPolicy]? {
        let items = node.sequence ?? [node]
        guard !items.isEmpty else {
            values.error("image: pull_policy is an empty list.", at: node.span)
            return nil
        }
        let policies = items.compactMap { item -> PlannedJob.PullPolicy? in
            let word: PullPolicyWord? = values.word(item, "image: pull_policy")
            return word.flatMap { PlannedJob.PullPolicy(rawValue: $0.rawValue) }
        }
        return policies.count == items.count ? policies : nil
    }

    private enum PullPolicyWord: String, CaseIterable {
        case always
        case ifNotPresent = "if-not-present"
        case never
    }
}
