/// Does work that has to be finished though the task is cancelled, such as writing down what a forge has just answered.
func withoutCancellation<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await Task { try await work() }.value
}
