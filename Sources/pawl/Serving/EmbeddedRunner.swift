import Executors
import Logging
import PipelineModel
import Runner
import ServiceLifecycle
import Store

/// The runner inside the server: puts the fence around job networks up, settles what an earlier process left, then runs
/// jobs.
///
/// Its leases cannot outlive the server's process. So once the results that reached its disk are told, all that it still
/// has is lost and tried again, without waiting for the leases' end.
struct EmbeddedRunner: Service {
    let name: String
    let runner: RunnerService
    let store: Store
    let fence: NetworkFence
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        let state = await fence.putUp()
        if state != .up {
            logger.warning("jobs may reach this host", metadata: ["fence": "\(state)"])
        }
        try await runner.settle()
        if Task.isShuttingDownGracefully { return }
        for key in try await store.loseLeases(ofRunner: name, now: now()) {
            logger.warning("lost at a restart", metadata: ["job": "\(key.job)", "attempt": "\(key.attempt)"])
        }
        try await runner.run()
    }
}
