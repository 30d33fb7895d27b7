import NIOConcurrencyHelpers
import Testing

/// Keeps what an engine tells of the containers of several runners.
final class ContainerWatch: Sendable {
    private let tenures = NIOLockedValueBox<[String: TestEngine.Tenure]>([:])
    private let listening: [Task<Void, any Error>]

    /// Listens from now on.
    init(_ runners: [PoolRunner]) async throws {
        var listening: [Task<Void, any Error>] = []
        for runner in runners {
            let (events, tenures) = (try await runner.engine.watch(runner.instance), tenures)
            listening.append(Task { try await TestEngine.follow(events, into: tenures) })
        }
        self.listening = listening
    }

    deinit { for task in listening { task.cancel() } }

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
