/// Reads the header of a file that is included with inputs: the document before the pipeline itself, with `spec`.
struct InputHeaderReader {
    let values: ValueReader

    /// The inputs that a header declares, in its order.
    func read(_ header: Node) -> [InputDeclaration] {
        guard let top = values.mapping(header, "the header", keys: ["spec"]), let spec = top["spec"], !spec.isNull
        else {
            return []
        }
        let unsupported = [
            "include": "Declare the inputs in this file.", "component": "Name what is needed with inputs.",
        ]
        let keys = ["inputs", "description"]
        guard let mapping = values.mapping(spec, "spec", keys: keys, unsupported: unsupported),
            let inputs = mapping["inputs"], !inputs.isNull
        else { return [] }
        guard let declared = inputs.mapping else {
            values.error("spec: inputs must be a map of names, and is \(inputs.kindName).", at: inputs.span)
            return []
        }
        return declared.entries.map(declaration)
    }

    private func declaration(_ entry: Mapping.Entry) -> InputDeclaration {
        var input = InputDeclaration(name: entry.key, span: entry.keySpan)
        let key = "input \(entry.key.prefix(80))"
        let keys = ["default", "description", "options", "regex", "type"]
        let unsupported = ["rules": "Give it a default, or options."]
        guard !entry.value.isNull,
            let mapping = values.mapping(entry.value, key, keys: keys, unsupported: unsupported)
        else { return input }
        if let node = mapping["type"] { input.kind = values.word(node, "\(key): type") ?? .string }
        if let node = mapping["options"], !node.isNull { input.options = options(node, of: input, key) }
        if let node = mapping["regex"], !node.isNull { input.pattern = pattern(node, of: input, key) }
        if let node = mapping["default"], !node.isNull {
            input.fallback = node
            InputValues(values: values).check(node, of: input, saying: "\(key): default")
        }
        return input
    }

    private func options(_ node: Node, of input: InputDeclaration, _ key: String) -> [Node]? {
        guard let items = node.sequence else {
            values.error("\(key): options must be a list, and is \(node.kindName).", at: node.span)
            return nil
        }
        if items.count > 50 {
            values.error("\(key): options has \(items.count) entries, and 50 are allowed.", at: node.span)
        }
        if input.kind == .boolean {
            values.error(
                "\(key): options belongs to texts, numbers and lists; true and false are all there is.", at: node.span)
        }
        return items
    }

    private func pattern(
        _ node: Node, of input: InputDeclaration, _ key: String
    ) -> (program: Pattern, written: String)? {
        guard let text = values.nonEmptyText(node, "\(key): regex") else { return nil }
        guard input.kind == .string else {
            values.error("\(key): regex belongs to texts, and it is of type \(input.kind.rawValue).", at: node.span)
            return nil
        }
        do throws(PatternError) {
            return (try Pattern(text), text)
        } catch {
            values.error("\(key): regex \(text.prefix(80)) is no pattern: \(error.message).", at: node.span)
            return nil
        }
    }
}
