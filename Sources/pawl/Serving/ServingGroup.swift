import Logging
import PipelineModel
import ServiceLifecycle

/// Runs the server's services until signals end them: the first asks them to finish, the second stops them.
struct ServingGroup: Sendable {
    /// How the services ended.
    enum Ending: Sendable {
        /// Each finished what it was at.
        case finished
        /// A second signal stopped them in the middle of it.
        case cut
    }

    let services: [any Service]
    let logger: Logger

    /// Returns when every service has ended.
    /// - Throws: what a service threw.
    func run<Signals: AsyncSequence & Sendable>(until signals: Signals) async throws -> Ending {
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: logger))
        return try await withThrowingTaskGroup(of: Ending?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return .finished
            }
            tasks.addTask {
                var count = 0
                for try await _ in signals {
                    count += 1
                    if count > 1 { return .cut }
                    await group.triggerGracefulShutdown()
                }
                // No signal comes any more; the services end by themselves.
                return nil
            }
            while let ending = try await tasks.next() {
                switch ending {
                case .finished:
                    tasks.cancelAll()
                    return .finished
                case .cut:
                    tasks.cancelAll()
                    // What they throw because they were stopped is no news.
                    while let _ = await tasks.nextResult() {}
                    return .cut
                case nil: continue
                }
            }
            return .finished
        }
    }
}
