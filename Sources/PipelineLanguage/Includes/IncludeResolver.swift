import PipelineModel

/// Brings the files of a pipeline together: each file's includes in order, and the file itself over them.
struct IncludeResolver {
    let session: PlanningSession
    private let files: [String: SourceFile]
    let values: ValueReader
    private var parsed: [String: ParsedFile] = [:]
    private var attempted: Set<String> = []
    private var included = 0
    private var nodes = 0
    private var reportedLimit = false
    private var wanted: [String] = []
    /// Files that GitLab reads too: its own, and those it includes.
    private(set) var gitLabFiles: Set<String> = []

    /// A file's content, and the header before it.
    private struct ParsedFile {
        var header: Node?
        var root: Node
    }

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
        return content(of: IncludeTarget(path: path), chain: [], isGitLabs: false)
    }

    private mutating func content(of target: IncludeTarget, chain: [String], isGitLabs: Bool) -> Mapping? {
        let path = target.path
        let isGitLabs = isGitLabs || path == PipelineFile.gitLab
        if isGitLabs { gitLabFiles.insert(path) }
        guard let file = parse(path), let root = interpolated(file, for: target), var own = root.mapping else {
            return nil
        }
        nodes = Node.saturatingSum(nodes, root.size)
        guard nodes <= session.limits.nodes else {
            return stopAtLimit("The files have more than \(session.limits.nodes) values together.", root.span)
        }
        var result = Mapping()
        if let include = own["include"] {
            for target in targets(include) {
                guard let part = part(target, chain: chain + [path], isGitLabs: isGitLabs) else { continue }
                result = result.merged(with: part)
            }
            own.remove("include")
        }
        return result.merged(with: own)
    }

    /// A file's content with the values of its inputs; nil where they are not as it wants them.
    private func interpolated(_ file: ParsedFile, for target: IncludeTarget) -> Node? {
        guard let header = file.header else {
            if let given = target.inputs, !given.isEmpty {
                values.error("include: \(target.path) has no inputs: no spec stands before its jobs.", at: given.span)
                return nil
            }
            return file.root
        }
        let errors = session.findings.errorCount
        let declared = InputHeaderReader(values: values).read(header)
        let inputs = InputValues(values: values).resolve(declared, given: target.inputs, at: target.span)
        // One that is missing would be told again wherever it is used.
        guard session.findings.errorCount == errors else { return nil }
        var interpolation = Interpolation(values: values, inputs: inputs)
        return interpolation.apply(to: file.root)
    }

    private mutating func part(_ target: IncludeTarget, chain: [String], isGitLabs: Bool) -> Mapping? {
        let path = target.path
        let span = target.span
        included += 1
        guard included <= session.limits.includes else {
            return stopAtLimit("include: more than \(session.limits.includes) files are included.", span)
        }
        if chain.contains(path) {
            values.error("include: \(path) includes itself through \(chain.joined(separator: ", ")).", at: span)
            return nil
        }
        switch files[path] {
        case .text?: return content(of: target, chain: chain, isGitLabs: isGitLabs)
        case .missing?: values.error("include: there is no file \(path) at this commit.", at: span)
        case nil:
            if !wanted.contains(path) { wanted.append(path) }
        }
        return nil
    }

    private mutating func stopAtLimit(_ text: String, _ span: SourceSpan?) -> Mapping? {
        if !reportedLimit { values.error(text, at: span) }
        reportedLimit = true
        return nil
    }

    private mutating func parse(_ path: String) -> ParsedFile? {
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
        guard let file = parsedFile(documents, in: source) else { return nil }
        parsed[path] = file
        return file
    }

    private func parsedFile(_ documents: [Node], in source: SourceText) -> ParsedFile? {
        let hasHeader = documents.count == 2 && documents[0].mapping?["spec"] != nil
        guard documents.count <= 1 || hasHeader else {
            let text = "A pipeline file holds one YAML document, with a spec before it at most; another begins here."
            values.error(text, at: documents[1].span)
            return nil
        }
        guard let root = documents.last, !root.isNull else {
            values.error("The file is empty.", at: SourceSpan(source))
            return nil
        }
        guard let mapping = root.mapping else {
            values.error("A pipeline file is a map of jobs and settings; this is \(root.kindName).", at: root.span)
            return nil
        }
        if let spec = mapping.entry("spec") {
            values.error(
                "spec stands in a document of its own, before the jobs, with --- between them.", at: spec.keySpan)
            return nil
        }
        return ParsedFile(header: hasHeader ? documents[0] : nil, root: root)
    }
}
