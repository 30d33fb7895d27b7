/// A value of a pipeline file and where it stands.
///
/// Aliases and merge keys are resolved; `!reference` is kept until every file is merged.
struct Node: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping(Mapping)
        /// `!reference [job, key]`: the names to follow from the root.
        case reference([String])
    }

    var content: Content
    var span: SourceSpan
    /// How many values it holds, itself included, for limits.
    let size: Int
    /// How deeply it is nested, 1 for a scalar.
    let depth: Int

    init(_ content: Content, at span: SourceSpan) {
        self.content = content
        self.span = span
        switch content {
        case .scalar, .reference:
            size = 1
            depth = 1
        case .sequence(let items):
            size = items.reduce(1) { Node.saturatingSum($0, $1.size) }
            depth = 1 + (items.map(\.depth).max() ?? 0)
        case .mapping(let mapping):
            size = mapping.entries.reduce(1) { Node.saturatingSum($0, $1.value.size) }
            depth = 1 + (mapping.entries.map(\.value.depth).max() ?? 0)
        }
    }

    static func saturatingSum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? Int.max : sum
    }

    var mapping: Mapping? {
        if case .mapping(let mapping) = content { mapping } else { nil }
    }

    var sequence: [Node]? {
        if case .sequence(let items) = content { items } else { nil }
    }

    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    /// The text of a string; nil for numbers, booleans, nulls, lists and maps.
    var string: String? {
        if let scalar, case .string = scalar.kind { scalar.text } else { nil }
    }

    var isNull: Bool {
        if let scalar, case .null = scalar.kind { true } else { false }
    }

    /// Whether it asks for nothing: null, an empty list or an empty map.
    var isEmpty: Bool {
        switch content {
        case .scalar: isNull
        case .sequence(let items): items.isEmpty
        case .mapping(let mapping): mapping.entries.isEmpty
        case .reference: false
        }
    }

    /// What a person calls this kind of value.
    var kindName: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a map"
        case .reference: "a !reference"
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: "empty"
            case .bool: "true or false"
            case .integer, .float: "a number"
            case .string: "a text"
            }
        }
    }
}

/// Keys and values in the order of the file, each key once.
struct Mapping: Sendable {
    struct Entry: Sendable {
        var key: String
        var keySpan: SourceSpan
        var value: Node
    }

    private(set) var entries: [Entry] = []
    private var index: [String: Int] = [:]

    subscript(key: String) -> Node? { index[key].map { entries[$0].value } }

    /// The whole entry of a key.
    func entry(_ key: String) -> Entry? { index[key].map { entries[$0] } }

    /// Puts an entry in, in place of one with the same key.
    mutating func set(_ entry: Entry) {
        if let position = index[entry.key] {
            entries[position] = entry
        } else {
            index[entry.key] = entries.count
            entries.append(entry)
        }
    }

    mutating func remove(_ key: String) {
        guard index[key] != nil else { return }
        entries.removeAll { $0.key == key }
        index = Dictionary(
            entries.enumerated().map { ($0.element.key, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    /// This with another laid over it: maps are merged key by key, all else is replaced.
    func merged(with other: Mapping) -> Mapping {
        var result = self
        for entry in other.entries {
            guard let own = self[entry.key]?.mapping, let over = entry.value.mapping else {
                result.set(entry)
                continue
            }
            var merged = entry
            merged.value = Node(.mapping(own.merged(with: over)), at: entry.value.span)
            result.set(merged)
        }
        return result
    }
}
