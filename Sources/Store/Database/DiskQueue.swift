import Dispatch

/// Where blocking calls of the file system run, so that they do not hold up the threads that tasks share.
struct DiskQueue: Sendable {
    private let queue: DispatchQueue

    /// A queue of that name, for a few calls at a time.
    init(label: String) { queue = DispatchQueue(label: label, attributes: .concurrent) }

    /// Runs a blocking call, and waits for its end.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
