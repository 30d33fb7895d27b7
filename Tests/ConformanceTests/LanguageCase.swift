import Forges
import PipelineLanguage
import PipelineModel
import TestSupport

/// Files of the conformance data as a repository that a planner can ask for.
struct LanguageRepository: Sendable {
    /// Every path in it.
    let tree: [String]
    private let folder: String

    /// Reads a folder below the conformance data; the case's own description is no part of it.
    init(folder: String) throws {
        self.folder = folder
        tree = try ConformanceFolder.files(below: folder).filter { $0 != "expected.json" }
    }

    /// Plans a file, fetching whatever it includes.
    func plan(_ file: String, _ context: PlanningContext) throws -> PlanningStep {
        var context = context
        context.tree = tree
        var files: [String: SourceFile] = [file: try source(file)]
        for _ in 0..<200 {
            let step = Planner().plan(file: file, files: files, context: context)
            guard case .needsFiles(let paths) = step else { return step }
            for path in paths { files[path] = try source(path) }
        }
        return .refused([Diagnostic(.error, "The planner keeps asking for files.")])
    }

    /// Copies every file of it into a folder that is there.
    func copy(into folder: String) throws { try ConformanceFolder.copy(tree, of: self.folder, into: folder) }

    /// A file of it; missing where there is none of that path.
    func source(_ path: String) throws -> SourceFile {
        guard tree.contains(path) else { return .missing }
        return .text(String(decoding: try ConformanceFolder.bytes("\(folder)/\(path)"), as: UTF8.self))
    }
}

/// One GitLab CI case: a folder with files and what is expected of them.
struct LanguageCase: Sendable {
    let name: String
    let file: String
    let context: PlanningContext
    let expect: JSONValue
    let repository: LanguageRepository

    init(folder: String) throws {
        let description = try JSONValue(parsing: ConformanceFolder.bytes("\(folder)/expected.json"))
        name = description["name"]?.text ?? folder
        file = description["file"]?.text ?? ".gitlab-ci.yml"
        expect = description["expect"] ?? .null
        repository = try LanguageRepository(folder: folder)
        let given = description["context"] ?? .null
        var context = PlanningContext(
            ref: given["ref"]?.text ?? "main",
            refKind: PlanningContext.RefKind(rawValue: given["ref_type"]?.text ?? "branch") ?? .branch,
            defaultBranch: given["default_branch"]?.text ?? "main", source: given["source"]?.text ?? "push",
            projectVariables: Self.variables(given["project_variables"]),
            pipelineVariables: Self.variables(given["variables"]),
            changedFiles: given["changed_files"]?.elements?.compactMap(\.text))
        context.predefined = Self.predefined(context, commit: String(repeating: "0", count: 39) + "1")
        self.context = context
    }

    /// What the server knows of a push of a commit before it is planned.
    static func predefined(_ context: PlanningContext, commit: String) -> [Variable] {
        PredefinedVariables.pipeline(
            PipelineFacts(
                server: .init(url: "", forge: "git"),
                project: .init(id: 7, path: "churn", url: "", defaultBranch: context.defaultBranch),
                commit: .init(sha: commit), ref: .init(name: context.ref, kind: context.refKind), pipelineID: 0,
                pipelineNumber: 0, source: context.source))
    }

    private static func variables(_ value: JSONValue?) -> [Variable] {
        (value?.members ?? [:]).sorted { $0.key < $1.key }.map { Variable($0.key, $0.value.text ?? "") }
    }

    /// Whether the case says something about running, which a plan alone cannot answer.
    var hasRun: Bool { !Self.runKeys.isDisjoint(with: expect.members?.keys.map { $0 } ?? []) }

    private static let runKeys: Set<String> = [
        "run", "run_when_played", "pipeline_status", "starts_before_end", "never_overlap",
    ]

    /// The plan of a case that says something about running; nil where there is nothing to run.
    func runningPlan() throws -> Plan? {
        guard hasRun, case .planned(let plan) = try repository.plan(file, context) else { return nil }
        return plan
    }

    /// What does not hold in the plan; nil when everything does.
    func fault() throws -> String? {
        let step = try repository.plan(file, context)
        let accepted = expect["accepted"]
        switch step {
        case .needsFiles: return "it asks for files without end"
        case .refused(let diagnostics):
            let told = diagnostics.map(\.description).joined(separator: "\n")
            if accepted?.flag == true { return "refused: \(told)" }
            guard diagnostics.contains(where: { $0.severity == .error }) else { return "refused without an error" }
            let words = expect["message_should_name"]?.elements?.compactMap(\.text) ?? []
            let missing = words.filter { !told.contains($0) }
            return missing.isEmpty ? nil : "the message does not name \(missing): \(told)"
        case .nothing(let reason, _):
            guard accepted?.flag == true else { return "accepted, with nothing to run: \(reason)" }
            let wanted = expect["jobs"]?.elements ?? []
            return expect["pipeline_created"]?.flag == false && wanted.isEmpty ? nil : "nothing to run: \(reason)"
        case .planned(let plan):
            guard accepted?.flag == true || accepted?.text == "either" || accepted?.text == "unsupported" else {
                return "accepted"
            }
            return PlanComparison(plan: plan, context: context, expect: expect).fault()
        }
    }
}
