import PipelineModel

/// Reads plain values out of nodes and says what is wrong with them, in the name of a job where there is one.
struct ValueReader {
    let session: PlanningSession
    /// The job that is read; nil for what stands at the top of the file.
    let job: String?

    func error(_ text: String, at span: SourceSpan?) { session.findings.error(text, job: job, at: span) }

    func warning(_ text: String, at span: SourceSpan?) { session.findings.warning(text, job: job, at: span) }

    /// A text. Numbers are not texts.
    func text(_ node: Node, _ key: String) -> String? {
        if let text = node.string { return text }
        error("\(key) must be a text, and is \(node.kindName).", at: node.span)
        return nil
    }

    /// A text that says something.
    func nonEmptyText(_ node: Node, _ key: String) -> String? {
        guard let text = text(node, key) else { return nil }
        if !text.trimmingSpaces.isEmpty { return text }
        error("\(key) is empty.", at: node.span)
        return nil
    }

    func bool(_ node: Node, _ key: String) -> Bool? {
        if let scalar = node.scalar, case .bool(let value) = scalar.kind { return value }
        error("\(key) must be true or false, and is \(node.kindName).", at: node.span)
        return nil
    }

    func integer(_ node: Node, _ key: String, in range: ClosedRange<Int>) -> Int? {
        if let scalar = node.scalar, case .integer(let value) = scalar.kind, range.contains(value) { return value }
        let bounds =
            range.upperBound == Int.max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        error("\(key) must be a whole number \(bounds).", at: node.span)
        return nil
    }

    /// One whole number or a list of them.
    func integers(_ node: Node, _ key: String, in range: ClosedRange<Int>) -> [Int]? {
        guard let items = node.sequence else { return integer(node, key, in: range).map { [$0] } }
        guard !items.isEmpty else {
            error("\(key) is an empty list.", at: node.span)
            return nil
        }
        let values = items.compactMap { integer($0, key, in: range) }
        return values.count == items.count ? values : nil
    }

    /// A list of texts; lists within it, as references make them, are part of it.
    func texts(_ node: Node, _ key: String, allowsSingle: Bool = false) -> [(text: String, span: SourceSpan)]? {
        if allowsSingle, node.scalar != nil { return text(node, key).map { [($0, node.span)] } }
        guard let items = flattened(node, key) else { return nil }
        let values = items.compactMap { item in text(item, "each entry of \(key)").map { ($0, item.span) } }
        return values.count == items.count ? values : nil
    }

    /// The entries of a list with the lists in it opened up, at most 10 levels deep.
    func flattened(_ node: Node, _ key: String) -> [Node]? {
        guard node.sequence != nil else {
            error("\(key) must be a list, and is \(node.kindName).", at: node.span)
            return nil
        }
        var result: [Node] = []
        guard flatten(node, level: 1, into: &result) else {
            error("\(key) has lists within lists more than 10 levels deep.", at: node.span)
            return nil
        }
        return result
    }

    private func flatten(_ node: Node, level: Int, into result: inout [Node]) -> Bool {
        guard level <= 10 else { return false }
        for item in node.sequence ?? [] {
            if item.sequence == nil {
                result.append(item)
            } else if !flatten(item, level: level + 1, into: &result) {
                return false
            }
        }
        return true
    }

    func mapping(_ node: Node, _ key: String, keys: [String], unsupported: [String: String] = [:]) -> Mapping? {
        guard let mapping = node.mapping else {
            error("\(key) must be a map, and is \(node.kindName).", at: node.span)
            return nil
        }
        for entry in mapping.entries where !keys.contains(entry.key) {
            if let why = unsupported[entry.key] {
                error("\(key): \(entry.key) is not supported yet. \(why)", at: entry.keySpan)
                continue
            }
            let hint = session.suggestion(for: entry.key, among: keys)
            let known = keys.sorted().joined(separator: ", ")
            error(
                "\(key): \"\(entry.key.prefix(60))\" is not a key here.\(hint) Known are \(known).", at: entry.keySpan)
        }
        return mapping
    }

    /// One of some words, told with the words when it is none.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ node: Node, _ key: String) -> Word? {
        if let text = node.string, let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        let written = node.string ?? node.kindName
        let hint = session.suggestion(for: written, among: words)
        let list = words.joined(separator: ", ")
        error("\(key) \"\(written.prefix(60))\" is not known.\(hint) It may be \(list).", at: node.span)
        return nil
    }

    /// A time span as GitLab writes it.
    func duration(_ node: Node, _ key: String) -> Duration? {
        if let text = node.string, let duration = Duration(parsing: text), duration > .zero { return duration }
        let written = node.scalar?.text.prefix(40) ?? ""
        error("\(key) \"\(written)\" is not a time span. Write it as 30 minutes or 1h 30m.", at: node.span)
        return nil
    }

    /// How long a delayed job waits, a week at most.
    /// - Parameter owner: what stands before `start_in` in what is told.
    func startIn(_ node: Node?, isDelayed: Bool, _ owner: String, at place: SourceSpan?) -> Duration? {
        guard let node else {
            if isDelayed { error("\(owner)when: delayed needs start_in, such as 30 minutes.", at: place) }
            return nil
        }
        guard isDelayed else {
            error("\(owner)start_in belongs to when: delayed.", at: node.span)
            return nil
        }
        guard let delay = duration(node, "\(owner)start_in") else { return nil }
        if delay > .days(7) { error("\(owner)start_in may be a week at most.", at: node.span) }
        return delay
    }
}
