import GitRepositories
import PipelineModel
import Signing

extension AttemptRun {
    /// Lays a commit into the workspace: all of it with its history, or only what the job declares that it reads.
    /// - Returns: what was laid out, for the log.
    func layOut(
        _ source: CommitSource, _ plan: AttemptPlan, from mirror: Mirror, options: CheckoutOptions, _ pump: LogPump
    ) async throws -> String {
        let (repository, folder) = (plan.assignment.repository, plan.workspace.project)
        let commit = "commit \(source.commit.prefix(12)) of \(source.ref)"
        guard let patterns = plan.inputs else {
            try await mirror.checkOut(source, of: repository, into: folder, options: options)
            return commit
        }
        let inputs = try await mirror.inputs(patterns, at: source.commit)
        for pattern in inputs.unmatched { await pump.note("Warning: inputs: nothing in the commit is \(pattern)") }
        try await mirror.layOut(inputs, of: source, in: repository, into: folder, options: options)
        laidInputs.withLockedValue { $0 = (try? SHA256Digest.of(inputs.canonicalBytes)).map(Hex.encode) }
        return "\(inputs.entries.count) input files of \(commit)"
    }
}
