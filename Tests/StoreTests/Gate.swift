import Dispatch

/// Holds up a thread until it is opened.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Waits for the gate to open.
    func wait() { semaphore.wait() }

    /// Lets one waiting thread through.
    func open() { semaphore.signal() }
}
