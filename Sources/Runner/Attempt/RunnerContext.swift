import Executors
import GitRepositories
import Logging
import PipelineModel

/// What all attempts of a runner share.
struct RunnerContext: Sendable {
    var settings: RunnerSettings
    var folders: RunnerFolders
    var coordinator: any Coordinator
    var executor: any Executor
    var mirrors: Mirrors
    var clock: RunnerClock
    var logger: Logger

    var sender: ResultSender {
        ResultSender(
            spool: ResultSpool(folder: folders.results), coordinator: coordinator, clock: clock, logger: logger)
    }

    /// Removes a container and its network. The engine may need a while; what it never does, the next start finds.
    func destroy(_ container: ContainerHandle) async {
        var backOff = BackOff()
        for attempt in 1...6 {
            do {
                return try await executor.destroy(container)
            } catch {
                logger.error(
                    "a container could not be removed",
                    metadata: ["container": "\(container.id)", "try": "\(attempt)", "error": "\(error)"])
                guard (try? await clock.pause(backOff.delay())) != nil else { return }
            }
        }
    }
}
