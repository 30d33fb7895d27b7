import PipelineModel
import Store

extension ManualRun {
    /// What a push of the default branch as it is now would make. Nothing is made.
    /// - Throws: `APIRefusal` where the branch is not there, `ForgeError` or `GitError` where it cannot be read.
    public func preview(of repository: StoredRepository) async throws -> NewPipeline.Planning {
        let wanted = RunRequest(repository: repository.reference.name)
        var event = try await event(for: wanted, of: repository, by: "preview")
        event.kind = .push
        switch try await planner.pipeline(for: event, of: repository) {
        case .pipeline(let new): return new.planning
        case .nothing(let reason, _): return .notPlanned(reason: reason, diagnostics: [])
        }
    }
}
