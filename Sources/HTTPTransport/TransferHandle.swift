import NIOConcurrencyHelpers

/// The caller's end of a transfer. When the last reference to it goes, the transfer ends.
final class TransferHandle: Sendable {
    private let id: UInt64
    private let name: String
    private let thread: CurlThread
    /// Set before the thread is told, so that a cancellation that overtakes the start is seen by the start.
    private let isCancelled = NIOLockedValueBox(false)

    init(id: UInt64, name: String, thread: CurlThread) {
        self.id = id
        self.name = name
        self.thread = thread
    }

    deinit { thread.run { [id] in $0.end(id) } }

    /// Starts the transfer, and waits for the answer's headers.
    func start(_ request: PreparedRequest) async throws -> ResponseHead {
        let pump = request.source.map { UploadPump(source: $0, id: id, thread: thread) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isAccepted = thread.run { [id, isCancelled] in
                    if isCancelled.withLockedValue({ $0 }) {
                        pump?.cancel()
                        continuation.resume(throwing: HTTPError.cancelled(request.name))
                    } else {
                        $0.start(id, request, pump: pump, head: continuation)
                    }
                }
                if !isAccepted {
                    pump?.cancel()
                    continuation.resume(throwing: HTTPError.cancelled(request.name))
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// The next piece of the answer's body; nil at its end.
    func nextChunk() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if !thread.run({ [id, name] in $0.read(id, name: name, continuation) }) {
                    continuation.resume(throwing: HTTPError.cancelled(name))
                }
            }
        } onCancel: {
            cancel()
        }
    }

    private func cancel() {
        isCancelled.withLockedValue { $0 = true }
        thread.run { [id] in $0.end(id) }
    }
}

/// Carries a request's body from its stream to the transfer, a window at a time.
///
/// It knows the transfer only by its number, so that it does not keep alive what its caller has dropped.
struct UploadPump: Sendable {
    private let task: Task<Void, Never>

    init(source: AsyncThrowingStream<[UInt8], any Error>, id: UInt64, thread: CurlThread) {
        task = Task {
            do {
                for try await chunk in source where !chunk.isEmpty {
                    try await withCheckedThrowingContinuation { continuation in
                        if !thread.run({ $0.upload(chunk, to: id, continuation) }) {
                            continuation.resume(throwing: CancellationError())
                        }
                    }
                }
                // A cancelled stream ends without an error, and half a body must not pass for a whole one.
                try Task.checkCancellation()
                thread.run { $0.endUpload(of: id, error: nil) }
            } catch {
                thread.run { $0.endUpload(of: id, error: error) }
            }
        }
    }

    func cancel() { task.cancel() }
}
