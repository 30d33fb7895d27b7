import PipelineLanguage
import PipelineModel
import Testing

/// Plans texts as a push to `main` would, unless told otherwise.
enum Planning {
    static let push = PlanningContext(ref: "main", refKind: .branch, defaultBranch: "main", source: "push")

    static func step(
        _ text: String, file: String = PipelineFile.pawl, others: [String: String] = [:],
        _ context: PlanningContext = push
    ) -> PlanningStep {
        var files = others.mapValues { SourceFile.text($0) }
        files[file] = .text(text)
        return Planner().plan(file: file, files: files, context: context)
    }

    /// The plan, or an issue that tells what came instead.
    static func plan(
        _ text: String, file: String = PipelineFile.pawl, others: [String: String] = [:],
        _ context: PlanningContext = push, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Plan {
        let step = step(text, file: file, others: others, context)
        guard case .planned(let plan) = step else {
            Issue.record("not planned: \(step)", sourceLocation: sourceLocation)
            throw Unplanned()
        }
        return plan
    }

    /// What is told about a text that is refused: one line a diagnostic.
    static func refusal(
        _ text: String, file: String = PipelineFile.pawl, others: [String: String] = [:],
        _ context: PlanningContext = push
    ) -> [Diagnostic] {
        guard case .refused(let diagnostics) = step(text, file: file, others: others, context) else { return [] }
        return diagnostics
    }

    struct Unplanned: Error {}
}
