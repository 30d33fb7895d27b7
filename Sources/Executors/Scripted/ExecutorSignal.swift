import NIOConcurrencyHelpers

/// Something that happens once. Whoever waits for it goes on then, or at once when it has happened already.
public final class ExecutorSignal: Sendable {
    private enum State {
        case waiting([Int: CheckedContinuation<Void, any Error>])
        case given
    }

    private let state = NIOLockedValueBox(State.waiting([:]))
    private let lastNumber = NIOLockedValueBox(0)

    /// A signal that has not been given.
    public init() {}

    /// Whether it has happened.
    public var isGiven: Bool {
        state.withLockedValue { if case .given = $0 { true } else { false } }
    }

    /// Says that it has happened. Saying it again changes nothing.
    public func give() {
        let waiting = state.withLockedValue { state -> [CheckedContinuation<Void, any Error>] in
            guard case .waiting(let waiting) = state else { return [] }
            state = .given
            return Array(waiting.values)
        }
        waiting.forEach { $0.resume() }
    }

    /// Waits until it happens.
    /// - Throws: `CancellationError` when the task is cancelled first.
    public func wait() async throws {
        let number = lastNumber.withLockedValue { last in
            last += 1
            return last
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLockedValue { state -> Bool in
                    guard case .waiting(var waiting) = state, !Task.isCancelled else { return true }
                    waiting[number] = continuation
                    state = .waiting(waiting)
                    return false
                }
                if isOver { isGiven ? continuation.resume() : continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLockedValue { state -> CheckedContinuation<Void, any Error>? in
                guard case .waiting(var waiting) = state else { return nil }
                let continuation = waiting.removeValue(forKey: number)
                state = .waiting(waiting)
                return continuation
            }?.resume(throwing: CancellationError())
        }
    }

    /// Waits until one of several happens.
    static func waitForAny(_ signals: [ExecutorSignal]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for signal in signals { group.addTask { try await signal.wait() } }
            try await group.next()
            group.cancelAll()
        }
    }
}
