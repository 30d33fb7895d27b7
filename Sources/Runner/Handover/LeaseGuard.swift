import Executors
import Logging
import PipelineModel

/// Watches over a runner from a process of its own: when the runner has died and nobody takes its place, or stands still,
/// it removes the runner's containers before their leases can have ended. The server gives their jobs to others then, and no
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

    /// Call it now and then while the runner lives: it may stand still, and its containers go on.
    public func look() async {
        let now = clock.now()
        guard folders.handovers.leases.contains(where: { now >= $0.lastChance }) else { return }
        for container in (try? await leftovers()) ?? [] {
            guard let lease = folders.handovers.lease(of: container.labels.key.attempt), now >= lease.lastChance else {
                continue
            }
            await remove(container, because: "its runner stands still, and its lease ends: a container is removed")
        }
    }

    /// Call it when the runner has died. Returns when another process has taken its place, or nothing of it is left.
    public func run() async {
        // A process that dies lets go of its files one after the other: of the pipe that tells of its end perhaps before
        // the lock, which would look as if another had taken its place.
        while (try? await clock.pause(Self.moment)) != nil, !isTakenOver {
            guard let overdue = await overdue() else { return }
            for container in overdue {
                await remove(container, because: "its runner died, and its lease ends: a container is removed")
            }
        }
    }

    private func remove(_ container: ContainerHandle, because words: Logger.Message) async {
        logger.warning(words, metadata: ["attempt": "\(container.labels.key.attempt)"])
        do {
            try await executor.destroy(container)
        } catch {
            logger.error("a container could not be removed", metadata: ["error": "\(error)"])
        }
    }

    private func leftovers() async throws -> [ContainerHandle] {
        try await executor.leftovers().filter { $0.labels.instance == folders.instance }
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
        guard let own = try? await leftovers() else { return [] }
        if own.isEmpty { return nil }
        let now = clock.now()
        return own.filter { container in
            // One without a lease noted was never started.
            folders.handovers.lease(of: container.labels.key.attempt).map { now >= $0.lastCall } ?? true
        }
    }
}
