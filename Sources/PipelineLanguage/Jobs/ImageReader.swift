import PipelineModel

/// Reads `image`.
struct ImageReader {
    let values: ValueReader

    func read(_ node: Node) -> PlannedJob.Image? {
        if node.scalar != nil { return values.nonEmptyText(node, "image").map { PlannedJob.Image(name: $0) } }
        // Settings of another executor say nothing to this one, as in GitLab.
        let keys = ["docker", "entrypoint", "kubernetes", "name", "pull_policy"]
        guard let mapping = values.mapping(node, "image", keys: keys) else { return nil }
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
        if let docker = mapping["docker"], !docker.isNull { readDocker(docker, into: &image) }
        return image
    }

    private func readDocker(_ node: Node, into image: inout PlannedJob.Image) {
        guard let mapping = values.mapping(node, "image: docker", keys: ["platform", "user"]) else { return }
        for entry in mapping.entries where !entry.value.isNull {
            let name = "image: docker: \(entry.key)"
            // A number without quotes is a user as well.
            let text = entry.value.scalar.flatMap(\.variableText) ?? values.nonEmptyText(entry.value, name)
            guard let text else { continue }
            guard text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                values.error("\(name) may have 255 characters, and no blanks.", at: entry.value.span)
                continue
            }
            if entry.key == "user" { image.user = text } else { image.platform = text }
        }
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
