import PipelineModel
import Yams

/// Text → nodes, with every limit that hostile YAML calls for.
///
/// libyaml refuses more than 1,000 nested levels by itself, which bounds the recursion of the composer. The composer
/// puts an alias's whole value wherever it is used and hashes keys by value, so a key made of aliases could keep it
/// busy for ever. It therefore never sees an alias: every `*` is replaced by a character that the text does not have,
/// which keeps all positions, and aliases are resolved here, counted. It refuses a map with two keys of one name, and
/// two `<<` are fine: the signs of each are replaced by characters of their own, so that no two look the same.
struct YAMLReader {
    private let source: SourceText
    private let limits: PlanningLimits
    private var standIns: StandIns
    private var warnings: [Finding] = []
    private var anchors: [String: Node] = [:]
    private var nodes = 0

    /// Why a file cannot be read.
    struct Failure: Error {
        var finding: Finding
    }

    private init(source: SourceText, limits: PlanningLimits, standIns: StandIns) {
        self.source = source
        self.limits = limits
        self.standIns = standIns
    }

    /// Reads the documents of a file, or throws what is wrong with it.
    static func documents(
        of source: SourceText, limits: PlanningLimits, findings: Findings
    ) throws(Failure) -> [Node] {
        guard let standIns = StandIns(for: source.text) else {
            throw Failure(
                finding: Finding(.error, "This text uses too many private characters.", at: SourceSpan(source)))
        }
        var reader = YAMLReader(source: source, limits: limits, standIns: standIns)
        let documents = try reader.readDocuments()
        for warning in reader.warnings { findings.add(warning) }
        return documents
    }

    /// A map may have a key twice, of which the last counts, as in GitLab; the composer is then asked again.
    private mutating func readDocuments() throws(Failure) -> [Node] {
        var text = standIns.hiding(source.text)
        while true {
            do {
                return try readDocuments(in: text)
            } catch let failure as Failure {
                throw failure
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let finding = finding(for: YamlError.duplicatedKeysInMapping(duplicates: keys, context: context))
                let mark = context.mark
                guard let apart = standIns.setApart(text, line: mark.line, column: mark.column) else {
                    throw Failure(finding: finding)
                }
                warnings.append(Finding(.warning, finding.text, at: finding.span))
                text = apart
            } catch {
                throw Failure(finding: finding(for: error))
            }
        }
    }

    private mutating func readDocuments(in text: String) throws -> [Node] {
        nodes = 0
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        var documents: [Node] = []
        while let root = try parser.nextRoot() {
            anchors = [:]
            documents.append(try convert(root, level: 1))
            if documents.count > 2 { break }
        }
        // Nodes refer to their anchors weakly: it is the parser that keeps them.
        return withExtendedLifetime(parser) { documents }
    }

    private mutating func convert(_ node: Yams.Node, level: Int) throws(Failure) -> Node {
        let span = span(of: node)
        guard level <= limits.depth else {
            throw failure("Lists and maps are nested more than \(limits.depth) levels deep.", at: span)
        }
        let result: Node
        switch node {
        case .scalar(let scalar): result = try convertScalar(scalar, at: span, level: level)
        case .sequence(let sequence): result = try convertSequence(sequence, at: span, level: level)
        case .mapping(let mapping): result = try convertMapping(mapping, at: span, level: level)
        case .alias: throw failure("This alias cannot be read.", at: span)
        }
        if let anchor = node.anchor?.rawValue { anchors[restored(anchor)] = result }
        return result
    }

    private mutating func convertScalar(
        _ scalar: Yams.Node.Scalar, at span: SourceSpan, level: Int
    ) throws(Failure) -> Node {
        if scalar.style == .plain, scalar.string.unicodeScalars.first == standIns.star {
            return try resolveAlias(String(scalar.string.unicodeScalars.dropFirst()), at: span, level: level)
        }
        try count(1, at: span)
        let tag = try knownTag(scalar.tag, at: span)
        let isPlain = scalar.style == .plain && tag == ""
        return Node(.scalar(Scalar(restored(scalar.string), isPlain: isPlain)), at: span)
    }

    private mutating func convertSequence(
        _ sequence: Yams.Node.Sequence, at span: SourceSpan, level: Int
    ) throws(Failure) -> Node {
        try count(1, at: span)
        let tag = try knownTag(sequence.tag, at: span)
        var items: [Node] = []
        items.reserveCapacity(sequence.count)
        for item in sequence { items.append(try convert(item, level: level + 1)) }
        guard tag == "!reference" else { return Node(.sequence(items), at: span) }
        var path: [String] = []
        for item in items {
            guard let text = item.scalar?.text else {
                throw failure("!reference takes a list of names, as in !reference [.setup, script].", at: item.span)
            }
            path.append(text)
        }
        guard !path.isEmpty else {
            throw failure("!reference is empty. Write !reference [.setup, script].", at: span)
        }
        return Node(.reference(path), at: span)
    }

    private mutating func convertMapping(
        _ mapping: Yams.Node.Mapping, at span: SourceSpan, level: Int
    ) throws(Failure) -> Node {
        try count(1, at: span)
        _ = try knownTag(mapping.tag, at: span)
        var result = Mapping()
        for (key, value) in mapping {
            let keyNode = try convert(key, level: level + 1)
            guard let keyScalar = keyNode.scalar else {
                throw failure("A key must be a single text, not \(keyNode.kindName).", at: keyNode.span)
            }
            let valueNode = try convert(value, level: level + 1)
            if keyScalar.text == "<<", case .scalar(let written) = key, written.style == .plain {
                try merge(valueNode, into: &result)
            } else {
                result.set(.init(key: keyScalar.text, keySpan: keyNode.span, value: valueNode))
            }
        }
        return Node(.mapping(result), at: span)
    }

    /// A merge key lays its maps over what stands before it; of several maps the earlier wins, as in GitLab's parser.
    private func merge(_ node: Node, into result: inout Mapping) throws(Failure) {
        var maps: [Mapping] = []
        for item in node.sequence ?? [node] {
            guard let mapping = item.mapping else {
                throw failure("<< merges maps; this is \(item.kindName).", at: item.span)
            }
            maps.append(mapping)
        }
        for mapping in maps.reversed() {
            for entry in mapping.entries { result.set(entry) }
        }
    }

    private mutating func resolveAlias(_ name: String, at span: SourceSpan, level: Int) throws(Failure) -> Node {
        let isName =
            !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
        guard isName else {
            let text = "A text that begins with * is an alias in YAML. Put it in quotes."
            throw failure(text, at: span)
        }
        guard var node = anchors[name] else {
            let hint = Spelling.suggestion(for: name, among: anchors.keys)
            throw failure("*\(name) names an anchor that is not defined above.\(hint)", at: span)
        }
        try count(node.size, at: span)
        guard level + node.depth - 1 <= limits.depth else {
            throw failure("Aliases nest lists and maps more than \(limits.depth) levels deep.", at: span)
        }
        if node.scalar != nil { node.span = span }
        return node
    }

    private mutating func count(_ more: Int, at span: SourceSpan) throws(Failure) {
        nodes = Node.saturatingSum(nodes, more)
        guard nodes <= limits.nodes else {
            throw failure("The file has more than \(limits.nodes) values once its aliases are written out.", at: span)
        }
    }

    private func knownTag(_ tag: Tag, at span: SourceSpan) throws(Failure) -> String {
        let name = tag.description
        switch name {
        case "", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq": return ""
        case "tag:yaml.org,2002:str", "!": return "!!str"
        case "!reference": return name
        default: throw failure("The tag \(name.prefix(60)) is not supported; only !reference is.", at: span)
        }
    }

    private func restored(_ text: String) -> String { standIns.restored(text) }

    private func span(of node: Yams.Node) -> SourceSpan {
        guard let mark = node.mark else { return SourceSpan(source) }
        var length = 1
        if case .scalar(let scalar) = node, !scalar.string.contains("\n") {
            let quotes = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
            length = scalar.string.prefix(200).count + (quotes ? 2 : 0)
        }
        return SourceSpan(source, line: mark.line, column: mark.column, length: length)
    }

    private func failure(_ text: String, at span: SourceSpan) -> Failure {
        Failure(finding: Finding(.error, text, at: span))
    }

    private func finding(for error: any Error) -> Finding {
        guard let error = error as? YamlError else {
            return Finding(.error, "This is not YAML.", at: SourceSpan(source))
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let span = SourceSpan(source, line: mark.line, column: mark.column)
            if problem.hasPrefix("Maximum nesting level") {
                return Finding(.error, "Lists and maps are nested more than \(limits.depth) levels deep.", at: span)
            }
            let origin = context.map { " (\($0.text) that begins in line \($0.mark.line))" } ?? ""
            let hint = tabHint(line: mark.line)
            return Finding(.error, "This is not YAML: \(problem)\(origin).\(hint)", at: span)
        case .reader(let problem, let offset, _, _):
            let line = offset.map { source.text.prefix($0).count { $0 == "\n" || $0 == "\r\n" } + 1 } ?? 1
            return Finding(.error, "This is not YAML: \(problem).", at: SourceSpan(source, line: line))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let name = restored(duplicates.first ?? "a key")
            let span = SourceSpan(
                source, line: context.mark.line, column: context.mark.column, length: min(200, name.count))
            let text =
                "\"\(name.prefix(80))\" stands more than once in one map, and only the last counts. Keep one."
            return Finding(.error, text, at: span)
        default: return Finding(.error, "This is not YAML.", at: SourceSpan(source))
        }
    }

    private func tabHint(line: Int) -> String {
        guard let text = source.line(line) else { return "" }
        if text.contains("\t") { return " YAML is indented with blanks, never with tabs." }
        return ""
    }
}
