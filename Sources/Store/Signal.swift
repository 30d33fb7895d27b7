import NIOConcurrencyHelpers

/// Tells waiting tasks that something happened, without saying what: they look for themselves.
///
/// A task reads `count`, looks for work, and when there is none waits for the count to pass what it read. So nothing
/// that happens in between is missed. What happens in another process, or was lost in a crash, gives no signal: a slow
/// sweep backs it up.
public final class Signal: Sendable {
    private struct State {
        var count: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// Makes a signal that has not been given yet.
    public init() {}

    /// How often it has been given.
    public var count: UInt64 { state.withLockedValue { $0.count } }

    /// Wakes every waiting task.
    public func give() {
        let woken = state.withLockedValue { state in
            state.count &+= 1
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Waits until the count has passed `seen`; at once where it has already. Also ends when the task is cancelled.
    public func wait(after seen: UInt64) async {
        let id = state.withLockedValue { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLockedValue { state in
                    if state.count > seen || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            // Cancellation marks the task before it calls this, so a waiter registered later sees the mark instead.
            state.withLockedValue { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
