import NIOConcurrencyHelpers
import Testing

/// Keeps what an engine tells of the containers of several runners. An engine that ends is listened to again when it
/// answers.
final class ContainerWatch: Sendable {
    private let tenures = NIOLockedValueBox<[String: TestEngine.Tenure]>([:])
    private let listening: [Task<Void, any Error>]

    /// Listens from now on.
    init(_ runners: [PoolRunner]) async throws {
        var listening: [Task<Void, any Error>] = []
        for runner in runners {
            let (engine, instance, tenures) = (runner.engine, runner.instance, tenures)
            let events = try await engine.watch(instance)
            listening.append(Task { try await Self.listen(to: engine, of: instance, from: events, into: tenures) })
        }
        self.listening = listening
    }

    deinit { for task in listening { task.cancel() } }

    private static func listen(
        to engine: TestEngine, of instance: String, from events: AsyncThrowingStream<[UInt8], any Error>,
        into tenures: NIOLockedValueBox<[String: TestEngine.Tenure]>
    ) async throws {
        var events = events
        while !Task.isCancelled {
            try? await TestEngine.follow(events, into: tenures)
            let endedAt = TestEngine.now
            while true {
                try await Task.sleep(for: .milliseconds(50))
                // The new daemon tells again what it has told since its start; the one before can have told no more.
                guard let again = try? await engine.watch(instance, fromItsStart: true),
                    let there = try? await engine.attempts(of: instance)
                else { continue }
                events = again
                tenures.withLockedValue { tenures in
                    for (attempt, tenure) in tenures where tenure.instance == instance && tenure.to == .max {
                        // What the daemon before had no time to tell.
                        if let hasRun = there[attempt] {
                            tenures[attempt]?.hasRun = tenure.hasRun || hasRun
                        } else {
                            tenures[attempt]?.to = endedAt
                        }
                    }
                }
                break
            }
        }
    }

    /// The containers of jobs, by job.
    var byJob: [String: [TestEngine.Tenure]] {
        Dictionary(grouping: tenures.withLockedValue { Array($0.values) }, by: \.job)
    }

    /// Waits until an engine has told of the end of all.
    func untilAllAreGone() async throws {
        for _ in 0..<100 where tenures.withLockedValue({ $0.values.contains { $0.to == .max } }) {
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
