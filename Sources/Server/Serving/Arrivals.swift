import NIOConcurrencyHelpers

/// The connections that were taken and wait for a task of their own. None is dropped, whoever is cancelled: each is owed
/// its end.
final class Arrivals<Connection: Sendable>: Sendable {
    private struct State {
        var ready: [Connection] = []
        /// How many were taken and are not ready yet.
        var expected = 0
        var hasEnded = false
        var waiter: CheckedContinuation<Connection?, Never>?
    }

    private let state = NIOLockedValueBox(State())

    /// One was taken; ``add(_:)`` follows.
    func expectOne() { state.withLockedValue { $0.expected += 1 } }

    /// One is ready; nil where it came to nothing.
    func add(_ connection: Connection?) {
        change {
            $0.expected -= 1
            if let connection { $0.ready.append(connection) }
        }
    }

    /// No more are taken.
    func end() { change { $0.hasEnded = true } }

    /// The next one; nil when all have been given that were taken until the end. For one caller at a time.
    func next() async -> Connection? {
        await withCheckedContinuation { continuation in change { $0.waiter = continuation } }
    }

    private func change(_ body: (inout State) -> Void) {
        let wake = state.withLockedValue { state -> (() -> Void)? in
            body(&state)
            guard let waiter = state.waiter else { return nil }
            if let first = state.ready.first {
                state.ready.removeFirst()
                state.waiter = nil
                return { waiter.resume(returning: first) }
            }
            guard state.hasEnded, state.expected == 0 else { return nil }
            state.waiter = nil
            return { waiter.resume(returning: nil) }
        }
        wake?()
    }
}
