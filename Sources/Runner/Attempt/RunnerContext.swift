import Executors
import GitRepositories
import Logging
import NIOConcurrencyHelpers
import PipelineModel

/// What all attempts of a runner share.
struct RunnerContext: Sendable {
    var settings: RunnerSettings
    var folders: RunnerFolders
    var coordinator: any Coordinator
    var executor: any Executor
    var mirrors: Mirrors
    var inventory: @Sendable (MachineInventory.Freshness) async -> RunnerInventory
    /// What each GPU draws now, in watts.
    var power: @Sendable () async -> [String: Double]
    var clock: RunnerClock
    var logger: Logger
    let disk: DiskWatch
    /// Whether the runner's grace is over, and nothing is waited for any more.
    let hasGivenUp = NIOLockedValueBox(false)

    var sender: ResultSender {
        ResultSender(
            spool: ResultSpool(folder: folders.results), coordinator: coordinator, clock: clock, logger: logger)
    }

    /// Removes a container and its network, however long the engine needs for it: until it is gone, no other attempt at
    /// its job may begin. Ends early only when the runner gives up; what it leaves then, the next start finds.
    func destroy(_ container: ContainerHandle) async {
        await persist(with: container) { try await executor.destroy(container) }
    }

    /// Removes a container in the same way, and leaves its network.
    func remove(_ container: ContainerHandle) async {
        await persist(with: container) { try await executor.remove(container) }
    }

    /// Gives an attempt back unspent, with some patience for a server that does not answer. There is nothing more to say of
    /// it then.
    func giveBack(_ key: LeaseKey, because reason: String) async {
        defer { coordinator.dismiss(key) }
        var backOff = BackOff()
        for _ in 1...5 {
            do {
                return try await coordinator.giveBack(key, because: reason)
            } catch CoordinatorError.unavailable {
                guard (try? await clock.pause(backOff.delay())) != nil else { return }
            } catch {
                // The lease is gone already, or will be when it ends.
                return
            }
        }
    }

    private func persist(with container: ContainerHandle, _ removal: () async throws -> Void) async {
        var backOff = BackOff(to: .seconds(5))
        while true {
            do {
                return try await removal()
            } catch {
                logger.error(
                    "a container could not be removed",
                    metadata: [
                        "container": "\(container.id)", "attempt": "\(container.labels.key.attempt)",
                        "error": "\(error)",
                    ])
                guard !hasGivenUp.withLockedValue({ $0 }), (try? await clock.pause(backOff.delay())) != nil else {
                    return
                }
            }
        }
    }
}
