import Executors
import Logging
import PipelineModel
import Runner
import ServiceLifecycle
import Store

/// The runner inside the server: settles what an earlier process left, then runs jobs behind a fence, and takes that down
/// when it has ended as it was asked to.
///
/// It ends with the server's process, and containers need not: it goes on with those that run. Once the results that
/// reached its disk are told, all else that it has leases of is lost and tried again, without waiting for their end.
struct EmbeddedRunner: Service {
    let id: RunnerID
    let runner: RunnerService
    let store: Store
    let executor: FencedExecutor
    let machine: MachineInventory
    let now: @Sendable () -> Timestamp
    let logger: Logger

    func run() async throws {
        let goingOn = try await runner.settle()
        if Task.isShuttingDownGracefully { return }
        for key in try await store.loseLeases(ofRunner: id, except: goingOn, now: now()) {
            logger.warning("lost at a restart", metadata: ["job": "\(key.job)", "attempt": "\(key.attempt)"])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watchMachine() }
            try await runner.run()
            group.cancelAll()
        }
        if !Task.isCancelled { await takeDownFence() }
    }

    /// Tells the store now and then what the machine has: a claim that waits for hours says it only once.
    private func watchMachine() async {
        while (try? await ContinuousClock().sleep(for: .seconds(30))) != nil {
            let request = ClaimRequest(inventory: await machine.look(), version: Version.text)
            do {
                try await store.noteRunner(id, request: request, now: now())
            } catch {
                logger.warning("the machine's inventory was not noted", metadata: ["error": "\(error)"])
            }
        }
    }

    private func takeDownFence() async {
        do {
            try await executor.takeDownFence()
        } catch {
            // It harms nobody, and the next start finds it.
            logger.info("the fence stays up", metadata: ["reason": "\(error)"])
        }
    }
}
