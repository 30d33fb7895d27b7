import PipelineModel

/// Puts in place of each `!reference [job, key]` what stands there, after `extends` is carried out.
struct ReferenceResolver {
    private let session: PlanningSession
    private let root: Mapping
    private let job: String?
    private var open: [[String]] = []

    /// How many references may lead on to each other.
    private static let chainLimit = 32

    init(session: PlanningSession, root: Mapping, job: String?) {
        self.session = session
        self.root = root
        self.job = job
    }

    /// A value without references. What cannot be followed is told and left empty.
    mutating func resolve(_ node: Node) -> Node {
        switch node.content {
        case .scalar: return node
        case .sequence(let items):
            guard items.contains(where: Self.hasReference) else { return node }
            return Node(.sequence(items.map { resolve($0) }), at: node.span)
        case .mapping(let mapping):
            guard mapping.entries.contains(where: { Self.hasReference($0.value) }) else { return node }
            var result = Mapping()
            for var entry in mapping.entries {
                entry.value = resolve(entry.value)
                result.set(entry)
            }
            return Node(.mapping(result), at: node.span)
        case .reference(let path): return follow(path, at: node.span)
        }
    }

    private static func hasReference(_ node: Node) -> Bool {
        switch node.content {
        case .scalar: false
        case .reference: true
        case .sequence(let items): items.contains(where: hasReference)
        case .mapping(let mapping): mapping.entries.contains { hasReference($0.value) }
        }
    }

    private mutating func follow(_ path: [String], at span: SourceSpan) -> Node {
        let nothing = Node(.scalar(Scalar("", isPlain: true)), at: span)
        let name = "!reference [\(path.joined(separator: ", ").prefix(120))]"
        guard !open.contains(path), open.count < Self.chainLimit else {
            session.findings.error("\(name) leads back to itself.", job: job, at: span)
            return nothing
        }
        guard var target = root[path[0]] else {
            let hint = session.suggestion(for: path[0], among: root.entries.map(\.key))
            session.findings.error("\(name): there is no \"\(path[0])\".\(hint)", job: job, at: span)
            return nothing
        }
        open.append(path)
        defer { open.removeLast() }
        for key in path.dropFirst() {
            if case .reference = target.content { target = resolve(target) }
            guard let next = target.mapping?[key] else {
                let keys = target.mapping?.entries.map(\.key) ?? []
                let hint = session.suggestion(for: key, among: keys)
                session.findings.error("\(name): there is no \"\(key)\".\(hint)", job: job, at: span)
                return nothing
            }
            target = next
        }
        guard session.countExpanded(target.size, job: job, at: span) else { return nothing }
        return resolve(target)
    }
}
