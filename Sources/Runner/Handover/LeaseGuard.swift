import Executors
import Logging
import PipelineModel

/// Watches over a runner from a process of its own: when the runner has died and nobody takes its place, it removes the
/// containers that the runner left before their leases can have ended. The server gives their jobs to others then, and no
/// two attempts at a job may ever run side by side.
public struct LeaseGuard: Sendable {
    private let settings: RunnerSettings
    private let folders: RunnerFolders
    private let executor: any Executor
    private let clock: RunnerClock
    private let logger: Logger

    /// Guards the leases of the runner with these settings.
    /// - Throws: `RunnerError.folder` where its folders cannot be looked at.
    public init(
        settings: RunnerSettings, executor: any Executor, clock: RunnerClock = .system, logger: Logger
    ) throws {
        self.settings = settings
        folders = try RunnerFolders(settings)
        self.executor = executor
        self.clock = clock
        self.logger = logger
    }

    /// How often it looks whether another process of the runner has come.
    private static let moment = Duration.seconds(1)
    /// How long before its lease's end a container is removed: the engine needs a while for it.
    private static let margin = Duration.seconds(10)

    /// Call it when the runner has died. Returns when another process has taken its place, or nothing of it is left.
    public func run() async {
        while !Task.isCancelled, !isTakenOver {
            guard let overdue = await overdue() else { return }
            for container in overdue {
                logger.warning(
                    "its runner died, and its lease ends: a container is removed",
                    metadata: ["attempt": "\(container.labels.key.attempt)"])
                do {
                    try await executor.destroy(container)
                } catch {
                    logger.error("a container could not be removed", metadata: ["error": "\(error)"])
                }
            }
            guard (try? await clock.pause(Self.moment)) != nil else { return }
        }
    }

    /// Whether a process of the runner is there.
    private var isTakenOver: Bool {
        guard let lock = try? FolderLock(settings.stateFolder) else { return true }
        extendLifetime(lock)
        return false
    }

    /// The containers whose leases are about to end; nil where the runner has left no container.
    private func overdue() async -> [ContainerHandle]? {
        // Where the engine does not answer, there is something to wait for.
        guard let found = try? await executor.leftovers() else { return [] }
        let own = found.filter { $0.labels.instance == folders.instance }
        if own.isEmpty { return nil }
        let now = clock.now()
        return own.filter { container in
            // One without a lease noted was never started.
            folders.handovers.leaseEnd(of: container.labels.key.attempt).map { now >= $0 - Self.margin } ?? true
        }
    }
}
