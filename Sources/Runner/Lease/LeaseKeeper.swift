import Logging
import NIOConcurrencyHelpers
import PipelineModel

/// Renews the lease of an attempt, and stops the attempt before the lease can have ended without that.
///
/// The lease is counted from before the question was sent, by the monotonic clock: however long the answer was on its
/// way, the runner never believes in a lease that the server has given to another.
struct LeaseKeeper: Sendable {
    private let coordinator: any Coordinator
    private let key: LeaseKey
    private let control: AttemptControl
    private let clock: RunnerClock
    private let logger: Logger
    private let state: NIOLockedValueBox<LeaseTerm>
    private let onRenewal: @Sendable (LeaseTerm) -> Void

    /// Keeps the lease of a claim that was received at a time. `onRenewal` is told each new term.
    init(
        _ claim: Claim, receivedAt: Duration, coordinator: any Coordinator, control: AttemptControl, clock: RunnerClock,
        logger: Logger, onRenewal: @escaping @Sendable (LeaseTerm) -> Void = { _ in }
    ) {
        self.onRenewal = onRenewal
        self.coordinator = coordinator
        self.control = control
        self.clock = clock
        self.logger = logger
        key = claim.key
        state = NIOLockedValueBox(LeaseTerm(length: claim.leaseFor, end: receivedAt + claim.leaseFor))
    }

    /// Until when the lease holds if it is not renewed.
    var term: LeaseTerm { state.withLockedValue { $0 } }

    /// Counts the lease anew, from a moment before the server was asked.
    func extend(from moment: Duration, by length: Duration) {
        state.withLockedValue { $0 = LeaseTerm(length: length, end: moment + length) }
    }

    /// Renews the lease three times in its length, until the task is cancelled or the lease is lost.
    func renew() async {
        var wait = state.withLockedValue { $0.length / 3 }
        while !Task.isCancelled {
            await pause(for: wait)
            if Task.isCancelled { return }
            let sentAt = clock.now()
            do {
                switch try await coordinator.heartbeat(key) {
                case .renewed(let length):
                    extend(from: sentAt, by: length)
                    onRenewal(term)
                    wait = length / 3
                case .cancel(let reason):
                    // The lease holds on, so that the end of the job can still be told.
                    onRenewal(
                        state.withLockedValue { state in
                            state.end = sentAt + state.length
                            return state
                        })
                    control.stop(.cancelled(reason))
                case .lost: return control.stop(.leaseLost("the server has taken the job back"))
                }
            } catch CoordinatorError.leaseLost {
                return control.stop(.leaseLost("the server has taken the job back"))
            } catch {
                logger.info("the lease could not be renewed", metadata: ["error": "\(error)"])
                wait = state.withLockedValue { $0.length / 10 }
            }
        }
    }

    /// Waits for the next heartbeat's time, or until the server has something to say before it.
    private func pause(for duration: Duration) async {
        // Told once, the server need not be listened to any more: it would say the same at once.
        guard control.reason == nil else {
            try? await clock.pause(duration)
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.pause(duration) }
            group.addTask { await coordinator.untilStopIsWanted(key) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Stops the attempt when its lease is about to end, until the task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            let deadline = term.lastCall
            guard clock.now() < deadline else { return stop() }
            guard (try? await clock.sleep(deadline)) != nil else { return }
        }
    }

    /// Stops the attempt where the lease is about to end: a process that stood still goes on at any place.
    /// - Throws: `AttemptStopped` then.
    func confirm() throws {
        guard clock.now() >= term.lastCall else { return }
        stop()
        throw AttemptStopped()
    }

    private func stop() { control.stop(.leaseLost("the server did not answer for as long as the lease held")) }
}
