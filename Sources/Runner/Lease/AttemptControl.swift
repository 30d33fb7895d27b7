import NIOConcurrencyHelpers

/// What others want of a running attempt: to go on, or to stop for a reason.
///
/// The first reason counts, but the loss of the lease overrides any other.
final class AttemptControl: Sendable {
    private struct State {
        var reason: StopReason?
        var listeners: [AsyncStream<StopReason>.Continuation] = []
    }

    private let state = NIOLockedValueBox(State())

    /// Why the attempt is to stop; nil while it may go on.
    var reason: StopReason? { state.withLockedValue { $0.reason } }

    /// Asks the attempt to stop.
    func stop(_ reason: StopReason) {
        let listeners = state.withLockedValue { state -> [AsyncStream<StopReason>.Continuation] in
            if let known = state.reason, known.endsRight || !reason.endsRight { return [] }
            state.reason = reason
            return state.listeners
        }
        for listener in listeners { listener.yield(reason) }
    }

    /// The reasons to stop as they come, from the one that is there already. Ends only with the task.
    func reasons() -> AsyncStream<StopReason> {
        let (stream, listener) = AsyncStream.makeStream(of: StopReason.self, bufferingPolicy: .unbounded)
        let known = state.withLockedValue { state in
            state.listeners.append(listener)
            return state.reason
        }
        if let known { listener.yield(known) }
        return stream
    }

    /// Waits until the attempt is to stop. Ends with nil when the task is cancelled.
    func firstReason() async -> StopReason? { await reasons().first { _ in true } }

    /// Does work that is of no use any more once the attempt is to stop, and is cancelled then.
    /// - Throws: what the work throws; `AttemptStopped` where it was cancelled for that.
    func untilStopped<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                _ = await self.firstReason()
                return nil
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() ?? nil else {
                try Task.checkCancellation()
                throw AttemptStopped()
            }
            return result
        }
    }
}

/// The attempt was asked to stop while something was prepared for it.
struct AttemptStopped: Error {}

extension AttemptControl {
    /// Does work, and cancels it when the runner stops.
    func untilRunnerStops(_ work: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await work() }
            group.addTask { _ = await self.reasons().first { $0 == .runnerStops } }
            await group.next()
            group.cancelAll()
        }
    }
}
