import PipelineModel

/// Puts the values of inputs in place of `$[[ inputs.name ]]` in a file, as GitLab does before anything else of it is read.
///
/// A text that is nothing but one block becomes the value itself, so that a list stays a list and `true` a boolean. Within
/// a longer text a list is written as JSON. What a value brings in is not looked at again.
struct Interpolation {
    let values: ValueReader
    let inputs: [String: Node]
    /// How many bytes and values may still come in.
    private var room: Int
    private var isFull = false

    init(values: ValueReader, inputs: [String: Node]) {
        self.values = values
        self.inputs = inputs
        room = values.session.limits.totalBytes
    }

    /// A value with every block replaced, in keys as well.
    mutating func apply(to node: Node) -> Node {
        switch node.content {
        case .scalar(let scalar):
            return scalar.text.contains("$[[") ? replaced(scalar.text, at: node.span) ?? node : node
        case .sequence(let items): return Node(.sequence(items.map { apply(to: $0) }), at: node.span)
        case .reference(let path):
            return Node(.reference(path.map { text($0, at: node.span) }), at: node.span)
        case .mapping(let mapping):
            var result = Mapping()
            for var entry in mapping.entries {
                entry.key = text(entry.key, at: entry.keySpan)
                entry.value = apply(to: entry.value)
                result.set(entry)
            }
            return Node(.mapping(result), at: node.span)
        }
    }

    private mutating func text(_ text: String, at span: SourceSpan) -> String {
        guard text.contains("$[["), let node = replaced(text, at: span) else { return text }
        return Self.written(node)
    }

    /// Nil where nothing is a block.
    private mutating func replaced(_ text: String, at span: SourceSpan) -> Node? {
        var result = ""
        var rest = text[...]
        var found = false
        while let start = rest.firstRange(of: "$[["), let end = rest[start.upperBound...].firstRange(of: "]]") {
            let block = InterpolationBlock(rest[start.upperBound..<end.lowerBound])
            let isWhole = !found && start.lowerBound == text.startIndex && end.upperBound == text.endIndex
            found = true
            guard let value = value(of: block, at: span) else { return nil }
            if isWhole { return Node(value.content, at: span) }
            result += rest[..<start.lowerBound] + Self.written(value)
            rest = rest[end.upperBound...]
        }
        guard found else { return nil }
        return Node(.scalar(Scalar(result + rest, isPlain: false)), at: span)
    }

    private mutating func value(of block: InterpolationBlock, at span: SourceSpan) -> Node? {
        let shown = "$[[ \(block.text.prefix(80)) ]]"
        guard let name = block.inputName, var value = inputs[name] else {
            let hint = block.inputName.map { values.session.suggestion(for: $0, among: inputs.keys.sorted()) } ?? ""
            let known =
                inputs.isEmpty ? "" : " Its inputs are \(inputs.keys.sorted().joined(separator: ", ").prefix(200))."
            values.error("\(shown) is no input of this file.\(hint)\(known)", at: span)
            return nil
        }
        guard block.functions.count <= InterpolationBlock.functionLimit else {
            values.error("\(shown) has more than \(InterpolationBlock.functionLimit) functions.", at: span)
            return nil
        }
        for function in block.functions {
            guard let text = value.string else {
                values.error(
                    "\(shown): \(function.prefix(40)) needs a text, and \(name) is \(value.kindName).", at: span)
                return nil
            }
            guard let changed = InterpolationBlock.apply(function, to: text, values.session.context) else {
                let known = "expand_vars, posix_escape, truncate(offset, length)"
                values.error("\(shown): \(function.prefix(40)) is no function. There are \(known).", at: span)
                return nil
            }
            value = Node(.scalar(Scalar(changed, isPlain: false)), at: span)
        }
        room -= value.size + Self.length(of: value)
        guard room >= 0 else {
            if !isFull { values.error("The inputs make the file longer than is read.", at: span) }
            isFull = true
            return nil
        }
        return value
    }

    private static func length(of node: Node) -> Int {
        switch node.content {
        case .scalar(let scalar): scalar.text.utf8.count
        case .sequence(let items): items.reduce(0) { $0 + length(of: $1) }
        case .mapping(let mapping): mapping.entries.reduce(0) { $0 + $1.key.utf8.count + length(of: $1.value) }
        case .reference(let path): path.reduce(0) { $0 + $1.utf8.count }
        }
    }

    /// A value within a text: as it is written, and a list or map as JSON.
    private static func written(_ node: Node) -> String {
        guard let scalar = node.scalar else { return json(node) }
        return scalar.variableText ?? ""
    }

    private static func json(_ node: Node) -> String {
        switch node.content {
        case .sequence(let items): "[" + items.map(json).joined(separator: ",") + "]"
        case .mapping(let mapping):
            "{" + mapping.entries.map { quoted($0.key) + ":" + json($0.value) }.joined(separator: ",") + "}"
        case .reference(let path): quoted(path.joined(separator: ", "))
        case .scalar(let scalar):
            switch scalar.kind {
            case .string: quoted(scalar.text)
            case .null: "null"
            case .bool, .integer, .float: scalar.variableText ?? "null"
            }
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
