import NIOConcurrencyHelpers
import PipelineModel

@testable import Runner

/// A clock that stands still until a test moves it.
final class TestClock: Sendable {
    private struct Sleeper {
        var id: Int
        var until: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Duration.zero
        var sleepers: [Sleeper] = []
        var watchers: [(ClosedRange<Duration>, CheckedContinuation<Void, Never>)] = []
        var lastID = 0
    }

    private let state = NIOLockedValueBox(State())

    var clock: RunnerClock {
        RunnerClock(
            now: { self.state.withLockedValue { $0.now } }, sleep: { try await self.sleep(until: $0) },
            wall: { Timestamp(milliseconds: 1_800_000_000_000) + self.state.withLockedValue { $0.now } })
    }

    private func sleep(until moment: Duration) async throws {
        let id = state.withLockedValue { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Next { case resume, cancel, wait([CheckedContinuation<Void, Never>]) }
                let next = state.withLockedValue { state -> Next in
                    if Task.isCancelled { return .cancel }
                    if state.now >= moment { return .resume }
                    state.sleepers.append(Sleeper(id: id, until: moment, continuation: continuation))
                    let told = state.watchers.filter { $0.0.contains(moment) }.map(\.1)
                    state.watchers.removeAll { $0.0.contains(moment) }
                    return .wait(told)
                }
                switch next {
                case .resume: continuation.resume()
                case .cancel: continuation.resume(throwing: CancellationError())
                case .wait(let told): told.forEach { $0.resume() }
                }
            }
        } onCancel: {
            let sleeper = state.withLockedValue { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until somebody sleeps until exactly that time.
    func waitForSleeper(until moment: Duration) async { await waitForSleeper(between: moment, and: moment) }

    /// Waits until somebody sleeps until a time between two, as one does who waits by chance.
    func waitForSleeper(between earliest: Duration, and latest: Duration) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLockedValue { state in
                if state.sleepers.contains(where: { (earliest...latest).contains($0.until) }) { return true }
                state.watchers.append((earliest...latest, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Moves the clock, and wakes whose time has come.
    func advance(to moment: Duration) {
        let woken = state.withLockedValue { state -> [Sleeper] in
            state.now = max(state.now, moment)
            let now = state.now
            defer { state.sleepers.removeAll { $0.until <= now } }
            return state.sleepers.filter { $0.until <= now }
        }
        woken.forEach { $0.continuation.resume() }
    }
}
