import PipelineModel

/// Reads `parallel`.
struct ParallelReader {
    let values: ValueReader

    /// How many parts one job may have. GitLab's limit.
    static let partLimit = 200

    /// The parts of a job: so many, or one for each combination of a matrix.
    func read(_ node: Node) -> [PartDraft]? {
        if node.mapping != nil { return parts(node, "parallel") }
        guard let total = values.integer(node, "parallel", in: 1...Self.partLimit) else { return nil }
        return (1...total).map { PartDraft(ending: " \($0)/\(total)", variables: []) }
    }

    /// The combinations of a `matrix`, which is all that `needs` may say of parts.
    func parts(_ node: Node, _ key: String) -> [PartDraft]? {
        guard let mapping = values.mapping(node, key, keys: ["matrix"]) else { return nil }
        guard let matrix = mapping["matrix"], let items = values.flattened(matrix, "\(key): matrix"), !items.isEmpty
        else {
            values.error("\(key) needs a matrix: a list of maps from names to values.", at: node.span)
            return nil
        }
        var parts: [PartDraft] = []
        for item in items {
            guard let axes = axes(item, "\(key): matrix") else { return nil }
            let count = axes.reduce(1) { $0 * $1.values.count }
            guard count + parts.count <= Self.partLimit else {
                values.error("\(key): matrix makes more than \(Self.partLimit) jobs.", at: matrix.span)
                return nil
            }
            parts += Self.combinations(of: axes)
        }
        return parts
    }

    /// A variable of a matrix and the values it takes.
    private typealias Axis = (name: String, values: [String])

    private func axes(_ node: Node, _ key: String) -> [Axis]? {
        guard let mapping = node.mapping, !mapping.entries.isEmpty else {
            values.error("\(key): each entry must be a map from names to values.", at: node.span)
            return nil
        }
        var axes: [Axis] = []
        for entry in mapping.entries {
            guard Variable.isName(entry.key) else {
                values.error("\(key): \"\(entry.key.prefix(60))\" cannot name a variable.", at: entry.keySpan)
                return nil
            }
            let list = entry.value.sequence == nil ? [entry.value] : values.flattened(entry.value, key) ?? []
            let texts = list.compactMap { $0.scalar?.variableText }
            guard !texts.isEmpty, texts.count == list.count, texts.count <= Self.partLimit else {
                values.error(
                    "\(key): \(entry.key) must be a text or a list of 1 to \(Self.partLimit) texts.",
                    at: entry.value.span)
                return nil
            }
            axes.append((entry.key, texts))
        }
        // With so many values all told, and at least two for an axis that counts, no product leaves the range of Int.
        guard axes.count <= Self.partLimit, axes.count(where: { $0.values.count > 1 }) <= 8 else {
            values.error("\(key) makes more than \(Self.partLimit) jobs.", at: node.span)
            return nil
        }
        return axes
    }

    /// The last name's values follow each other closest.
    private static func combinations(of axes: [Axis]) -> [PartDraft] {
        var rows: [[Variable]] = [[]]
        for axis in axes { rows = rows.flatMap { row in axis.values.map { row + [Variable(axis.name, $0)] } } }
        return rows.map { PartDraft(ending: ": [\($0.map(\.value).joined(separator: ", "))]", variables: $0) }
    }
}
