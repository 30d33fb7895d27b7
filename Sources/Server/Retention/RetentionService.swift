import GitRepositories
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Removes what need not be kept any longer: expired artifacts, old logs and bodies, mirrors and images nobody uses.
public struct RetentionService: Service {
    private let store: Store
    private let mirrors: Mirrors
    private let retention: Retention
    private let unusedMirrors: Duration
    private let removeImages: @Sendable () async throws -> Void
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// How often it looks.
    private static let interval = Duration.hours(1)
    /// How long a mirror keeps commits that no branch leads to any more. No job takes as long.
    private static let usedCommits = Duration.days(90)

    /// Sweeps a store, and mirrors unused for that long.
    /// - Parameter removeImages: removes what the engine has of images nobody uses.
    public init(
        store: Store, mirrors: Mirrors, retention: Retention, unusedMirrors: Duration,
        removeImages: @escaping @Sendable () async throws -> Void, now: @escaping @Sendable () -> Timestamp,
        logger: Logger
    ) {
        self.store = store
        self.mirrors = mirrors
        self.retention = retention
        self.unusedMirrors = unusedMirrors
        self.removeImages = removeImages
        self.now = now
        self.logger = logger
    }

    /// Sweeps now and then until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await sweep()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func sweep() async {
        await attempt("store") { _ = try await store.sweep(retention, now: now()) }
        await attempt("mirrors") {
            _ = try await mirrors.prune(
                unusedSince: now() - unusedMirrors, commitsUsedSince: now() - min(Self.usedCommits, unusedMirrors))
        }
        await attempt("images") { try await removeImages() }
    }

    /// One that fails does not keep the others from being done.
    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.warning("retention failed", metadata: ["of": "\(what)", "error": "\(error)"])
        }
    }
}
