import Executors
import Logging
import Runner
import ServiceLifecycle

/// The runner inside the server: puts the fence around job networks up, then runs jobs.
struct EmbeddedRunner: Service {
    let runner: RunnerService
    let fence: NetworkFence
    let logger: Logger

    func run() async throws {
        let state = await fence.putUp()
        if state != .up {
            logger.warning("jobs may reach this host", metadata: ["fence": "\(state)"])
        }
        try await runner.run()
    }
}
