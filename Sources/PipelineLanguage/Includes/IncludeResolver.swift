import PipelineModel

/// Brings the files of a pipeline together: each file's includes in order, and the file itself over them.
struct IncludeResolver {
    let session: PlanningSession
    private let files: [String: SourceFile]
    let values: ValueReader
    private var parsed: [String: Node] = [:]
    private var attempted: Set<String> = []
    private var included = 0
    private var nodes = 0
    private var reportedLimit = false
    private var wanted: [String] = []
    /// Files that GitLab reads too: its own, and those it includes.
    private(set) var gitLabFiles: Set<String> = []

    init(session: PlanningSession, files: [String: SourceFile]) {
        self.session = session
        self.files = files
        values = ValueReader(session: session, job: nil)
    }

    /// Paths that are included and not among the files, in the order they were met.
    var neededFiles: [String] { wanted }

    /// The merged content of a file and all it includes; nil when the file itself cannot be read.
    mutating func load(root path: String) -> Mapping? {
        let total = files.values.reduce(0) { sum, file in
            if case .text(let text) = file { sum + text.utf8.count } else { sum }
        }
        guard total <= session.limits.totalBytes else {
            let text = "The pipeline's files have \(total) bytes together; \(session.limits.totalBytes) are allowed."
            session.findings.error(text, at: nil)
            return nil
        }
        return content(of: path, chain: [], isGitLabs: false)
    }

    private mutating func content(of path: String, chain: [String], isGitLabs: Bool) -> Mapping? {
        let isGitLabs = isGitLabs || path == PipelineFile.gitLab
        if isGitLabs { gitLabFiles.insert(path) }
        guard let root = parse(path), var own = root.mapping else { return nil }
        nodes = Node.saturatingSum(nodes, root.size)
        guard nodes <= session.limits.nodes else {
            return stopAtLimit("The files have more than \(session.limits.nodes) values together.", root.span)
        }
        var result = Mapping()
        if let include = own["include"] {
            for (target, span) in targets(include) {
                guard let part = part(target, at: span, chain: chain + [path], isGitLabs: isGitLabs) else { continue }
                result = result.merged(with: part)
            }
            own.remove("include")
        }
        return result.merged(with: own)
    }

    private mutating func part(_ path: String, at span: SourceSpan, chain: [String], isGitLabs: Bool) -> Mapping? {
        included += 1
        guard included <= session.limits.includes else {
            return stopAtLimit("include: more than \(session.limits.includes) files are included.", span)
        }
        if chain.contains(path) {
            values.error("include: \(path) includes itself through \(chain.joined(separator: ", ")).", at: span)
            return nil
        }
        switch files[path] {
        case .text?: return content(of: path, chain: chain, isGitLabs: isGitLabs)
        case .missing?: values.error("include: there is no file \(path) at this commit.", at: span)
        case nil:
            if !wanted.contains(path) { wanted.append(path) }
        }
        return nil
    }

    private mutating func stopAtLimit(_ text: String, _ span: SourceSpan) -> Mapping? {
        if !reportedLimit { values.error(text, at: span) }
        reportedLimit = true
        return nil
    }

    private mutating func parse(_ path: String) -> Node? {
        if let known = parsed[path] { return known }
        guard case .text(let text)? = files[path], attempted.insert(path).inserted else { return nil }
        session.findings.begin(path)
        let source = SourceText(path: path, text: text)
        let documents: [Node]
        do throws(YAMLReader.Failure) {
            documents = try YAMLReader.documents(
                of: source, limits: session.limits, findings: session.findings)
        } catch {
            session.findings.add(error.finding)
            return nil
        }
        guard let root = single(documents, in: source) else { return nil }
        parsed[path] = root
        return root
    }

    private func single(_ documents: [Node], in source: SourceText) -> Node? {
        guard documents.count <= 1 else {
            let second = documents[1].span
            if documents.count == 2, let header = documents[0].mapping?.entry("spec") {
                values.error("spec: inputs is not supported yet. Use variables.", at: header.keySpan)
            } else {
                values.error("A pipeline file holds one YAML document, and a second one begins here.", at: second)
            }
            return nil
        }
        guard let root = documents.first, !root.isNull else {
            values.error("The file is empty.", at: SourceSpan(source))
            return nil
        }
        guard root.mapping != nil else {
            values.error("A pipeline file is a map of jobs and settings; this is \(root.kindName).", at: root.span)
            return nil
        }
        return root
    }
}
