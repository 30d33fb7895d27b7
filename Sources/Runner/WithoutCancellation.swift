import Dispatch

/// Does work that has to be done though the task is cancelled: what was begun is cleaned up, results are written down.
func withoutCancellation<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
    await Task { await work() }.value
}

/// Does work that blocks its thread on one that nobody waits for, as part of the same task: work that looks whether the
/// task is cancelled finds out.
func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withTaskExecutorPreference(BlockingThreads.all) { try work() }
}

/// Threads for work that blocks them, beside the few that everything else shares.
private final class BlockingThreads: TaskExecutor {
    static let all = BlockingThreads()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        DispatchQueue.global(qos: .utility).async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
