import PipelineModel

/// Carries out `extends`: each job's parents in order, and the job itself over them.
struct ExtendsResolver {
    /// GitLab's limit of how many steps up a job may reach.
    static let levelLimit = 11

    private let session: PlanningSession
    private let root: Mapping
    private var finished: [String: Extended] = [:]
    private var open: [String] = []

    private struct Extended {
        var mapping: Mapping
        var levels: Int
    }

    init(session: PlanningSession, root: Mapping) {
        self.session = session
        self.root = root
    }

    /// The whole file with every `extends` carried out.
    mutating func resolveAll() -> Mapping {
        var result = Mapping()
        for var entry in root.entries {
            if entry.value.mapping?["extends"] != nil, let extended = extended(entry.key, span: entry.keySpan) {
                entry.value = Node(.mapping(extended.mapping), at: entry.value.span)
                _ = session.countExpanded(entry.value.size, job: entry.key, at: entry.keySpan)
            }
            result.set(entry)
        }
        return result
    }

    private mutating func extended(_ name: String, span: SourceSpan) -> Extended? {
        if let known = finished[name] { return known }
        guard var own = root[name]?.mapping else { return nil }
        guard let extends = own["extends"], !extends.isNull else {
            own.remove("extends")
            return Extended(mapping: own, levels: 0)
        }
        open.append(name)
        defer { open.removeLast() }
        own.remove("extends")
        var result = Mapping()
        var levels = 0
        for (parent, place) in parents(extends, of: name) {
            guard let known = self.parent(parent, of: name, at: place) else { continue }
            levels = max(levels, known.levels + 1)
            let size = Node(.mapping(known.mapping), at: place).size
            guard session.countExpanded(size, job: name, at: place) else { return nil }
            result = result.merged(with: known.mapping)
        }
        if levels > Self.levelLimit {
            let text = "extends reaches up more than \(Self.levelLimit) levels."
            session.findings.error(text, job: name, at: extends.span)
        }
        let extended = Extended(mapping: result.merged(with: own), levels: levels)
        finished[name] = extended
        return extended
    }

    private func parents(_ node: Node, of name: String) -> [(text: String, span: SourceSpan)] {
        ValueReader(session: session, job: name).texts(node, "extends", allowsSingle: true) ?? []
    }

    private mutating func parent(_ parent: String, of name: String, at span: SourceSpan) -> Extended? {
        if open.contains(parent) {
            let way = (open.drop { $0 != parent } + [parent]).joined(separator: " → ")
            session.findings.error("extends goes in a circle: \(way).", job: name, at: span)
            return nil
        }
        if open.count > 100 {
            session.findings.error("extends reaches up too many levels.", job: name, at: span)
            return nil
        }
        guard let node = root[parent] else {
            let hint = session.suggestion(for: parent, among: root.entries.map(\.key))
            session.findings.error("extends: \"\(parent)\" is not a job.\(hint)", job: name, at: span)
            return nil
        }
        guard node.mapping != nil else {
            session.findings.error("extends: \"\(parent)\" is \(node.kindName), not a job.", job: name, at: span)
            return nil
        }
        return extended(parent, span: span)
    }
}
