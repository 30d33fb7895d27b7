import Evaluation
import PipelineModel

extension AttemptRun {
    /// The variables that a job that ran to its end hands on. What cannot be handed on fails a job that passed: those after
    /// it would run without what it meant them to have.
    func readDotenv(_ plan: AttemptPlan, _ outcome: inout Outcome, _ pump: LogPump) async -> [Variable]? {
        guard let globs = plan.assignment.job.artifacts?.reports?.dotenv, outcome.exitCode != nil else { return nil }
        do {
            let (variables, remarks) = try await blocking { try Self.dotenv(globs, of: plan) }
            for remark in remarks { await pump.note("Warning: report: \(remark)") }
            return variables.isEmpty ? nil : variables
        } catch {
            let failure = Failure(.script, "its variables could not be handed on: \(plan.masked("\(error)"))")
            await pump.note(failure.message)
            if outcome.failure == nil { outcome.failure = failure }
            return nil
        }
    }

    /// Blocks its thread.
    private static func dotenv(_ globs: [String], of plan: AttemptPlan) throws -> ([Variable], remarks: [String]) {
        let files = WorkspaceFiles(plan: plan)
        var remarks: [String] = []
        var variables: [Variable] = []
        for path in files.matching(globs, named: "dotenv", limit: 20, &remarks) {
            guard let bytes = try files.bytes(of: path, limit: DotenvFile.sizeLimit) else { continue }
            for variable in try DotenvFile.read(bytes, path: path) {
                // What is handed on is kept with the pipeline, where anybody who may read it sees it.
                guard plan.masked(variable.value) == variable.value else {
                    throw UnreadableFile(
                        path, "\(variable.name) holds a secret, which later jobs get by themselves as a secret")
                }
                variables.append(variable)
            }
        }
        guard variables.count <= AttemptResult.dotenvLimit else {
            throw UnreadableFile(globs.joined(separator: ", "), "more than \(AttemptResult.dotenvLimit) variables")
        }
        return (variables, remarks)
    }
}
