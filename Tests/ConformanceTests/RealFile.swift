import Forges
import PipelineModel
import TestSupport

@testable import PipelineLanguage

/// A pipeline file of a real repository: its root, or a part that the root includes.
struct RealFile: Sendable {
    /// Its path in its repository.
    let path: String
    /// Whether the pipeline begins with it.
    let isRoot: Bool
    /// Whether a clear refusal is as right as a plan.
    let mayBeRefused: Bool
    private let repository: LanguageRepository

    /// The files that a folder's manifest lists.
    static func all(in folder: String) throws -> [RealFile] {
        let entries = try JSONValue(parsing: ConformanceFolder.bytes("\(folder)/manifest.json")).elements ?? []
        let roots = entries.filter { $0["root"]?.flag == true }.compactMap { $0["file"]?.text.map(parent) }
        return try entries.map { entry in
            let file = entry["file"]?.text ?? ""
            // The repository begins where its root file is; a root that lies deeper is another's.
            let home = roots.filter { file.hasPrefix($0) }.max { $0.count < $1.count } ?? parent(of: file)
            return RealFile(
                path: String(file.dropFirst(home.count)), isRoot: entry["root"]?.flag == true,
                mayBeRefused: entry["expect"]?.text == "accept_or_clear_error",
                repository: try LanguageRepository(folder: "\(folder)/\(home)"))
        }
    }

    /// What is told where it is refused; nothing where it is not.
    ///
    /// A part takes names from other parts, so that it is no pipeline by itself: it is read, and merged into a file that
    /// includes it.
    func refusals(_ context: PlanningContext) throws -> [Diagnostic] {
        guard isRoot else { return try refusalsOfPart(context) }
        guard case .refused(let diagnostics) = try repository.plan(path, context) else { return [] }
        return diagnostics.filter { $0.severity == .error }
    }

    private func refusalsOfPart(_ context: PlanningContext) throws -> [Diagnostic] {
        let root = ".pawl-includes-it.yml"
        var context = context
        context.tree = repository.tree
        var files = [root: SourceFile.text("include: '/\(path)'\n")]
        while true {
            let findings = Findings(limit: 100)
            let session = PlanningSession(limits: PlanningLimits(), context: context, findings: findings)
            var includes = IncludeResolver(session: session, files: files)
            let merged = includes.load(root: root)
            guard includes.neededFiles.isEmpty else {
                for path in includes.neededFiles { files[path] = try repository.source(path) }
                continue
            }
            // What is wrong with another part that this one includes is that one's.
            let errors = findings.diagnostics.filter { $0.severity == .error && $0.place?.file ?? path == path }
            let isEmpty = merged?.entries.isEmpty ?? true
            return errors.isEmpty && isEmpty ? [Diagnostic(.error, "Nothing of it is left.")] : errors
        }
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }
}
