import PipelineModel

/// Reads `script`, `before_script` and `after_script`.
struct ScriptReader {
    let values: ValueReader

    /// The commands in order, with lists in the list opened up.
    func read(_ node: Node, _ key: String) -> [String]? {
        if let text = node.string { return [text] }
        guard node.sequence != nil else {
            values.error(
                "\(key) must be a command or a list of commands, and is \(node.kindName).\(hint(node))", at: node.span)
            return nil
        }
        guard let items = values.flattened(node, key) else { return nil }
        return items.compactMap { item in
            if let text = item.string { return text }
            values.error(
                "\(key): each command must be a text, and this is \(item.kindName).\(hint(item))", at: item.span)
            return nil
        }
    }

    /// Whether it has nothing to run.
    func isEmpty(_ node: Node) -> Bool {
        if let text = node.string { return text.trimmingSpaces.isEmpty }
        return node.sequence?.isEmpty ?? false
    }

    /// A colon and a blank within a command make a map of it, which is the mistake most often made here.
    private func hint(_ node: Node) -> String {
        switch node.content {
        case .mapping: " A command with a colon and a blank in it needs quotes around it."
        case .scalar: " Put it in quotes."
        case .sequence, .reference: ""
        }
    }
}
