import Dispatch

/// Does work that has to be done though the task is cancelled: what was begun is cleaned up, results are written down.
func withoutCancellation<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
    await Task { await work() }.value
}

/// Does work that blocks its thread on one that nobody waits for.
func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global(qos: .utility).async { continuation.resume(with: Swift.Result { try work() }) }
    }
}
