/// Brings what a file declares and what it is given together.
struct InputValues {
    let values: ValueReader

    /// The value of each input by name. What is missing, unknown or of another kind is told.
    /// - Parameters:
    ///   - given: what stands under `inputs` where the file is included; nil where nothing does.
    ///   - place: where it is included; nil for the pipeline file itself.
    func resolve(_ declared: [InputDeclaration], given: Node?, at place: SourceSpan?) -> [String: Node] {
        var wanted = Mapping()
        if let given, !given.isNull {
            guard let mapping = given.mapping else {
                values.error(
                    "include: inputs must be a map of names and values, and is \(given.kindName).", at: given.span)
                return [:]
            }
            wanted = mapping
        }
        for entry in wanted.entries where !declared.contains(where: { $0.name == entry.key }) {
            let names = declared.map(\.name)
            let hint = values.session.suggestion(for: entry.key, among: names)
            let known = names.isEmpty ? "It has none." : "Its inputs are \(names.joined(separator: ", ").prefix(200))."
            values.error(
                "include: inputs: the file has no input \"\(entry.key.prefix(80))\".\(hint) \(known)", at: entry.keySpan
            )
        }
        var resolved: [String: Node] = [:]
        for input in declared {
            if let node = wanted[input.name] {
                check(node, of: input, saying: "include: inputs: \(input.name.prefix(80))")
                resolved[input.name] = node
            } else if let fallback = input.fallback {
                resolved[input.name] = fallback
            } else {
                let text = "The input \"\(input.name.prefix(80))\" has no default, and is not given."
                values.error(text, at: place ?? input.span)
            }
        }
        return resolved
    }

    /// Tells what is wrong with a value of an input.
    func check(_ node: Node, of input: InputDeclaration, saying name: String) {
        guard input.kind.fits(node) else {
            values.error("\(name) must be of type \(input.kind.rawValue), and is \(node.kindName).", at: node.span)
            return
        }
        if let options = input.options {
            let known = options.compactMap(\.scalar?.text)
            for value in node.sequence ?? [node] {
                let text = value.scalar?.text ?? value.kindName
                guard !known.contains(text) else { continue }
                let list = known.joined(separator: ", ").prefix(200)
                values.error(
                    "\(name) is \"\(text.prefix(80))\", which is none of its options: \(list).", at: value.span)
            }
        }
        if let pattern = input.pattern, let text = node.string {
            switch pattern.program.matches(text, budget: values.session.budget) {
            case true?: break
            case false?:
                let written = pattern.written.prefix(80)
                values.error("\(name) is \"\(text.prefix(80))\", which does not match \(written).", at: node.span)
            case nil: values.error("\(name): looking whether it matches takes too long.", at: node.span)
            }
        }
    }
}
