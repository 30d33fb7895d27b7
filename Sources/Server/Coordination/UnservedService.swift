import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Ends jobs that no runner of the pool can ever take, once that has been so for a time. It looks when jobs have become
/// ready or the pool has changed, and when the next time is over.
public struct UnservedService: Service {
    /// The shortest time between two looks, and the longest where a signal was lost.
    private static let rest = (shortest: Duration.seconds(1), longest: Duration.minutes(10))

    private let store: Store
    private let limit: Duration
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// Ends jobs of a store that nobody could take for so long.
    public init(store: Store, limit: Duration, now: @escaping @Sendable () -> Timestamp, logger: Logger) {
        self.store = store
        self.limit = limit
        self.now = now
        self.logger = logger
    }

    /// Looks until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let seen = store.readyJobs.count
                let next = await look()
                try? await Task.sleep(for: Self.rest.shortest)
                let wait = next.map { max($0 - now(), .zero) } ?? Self.rest.longest
                await store.readyJobs.wait(after: seen, atMost: min(wait, Self.rest.longest))
            }
        }
    }

    private func look() async -> Timestamp? {
        do {
            let found = try await store.endUnserved(for: limit, now: now())
            for job in found.ended { logger.warning("no runner can take it", metadata: ["job": "\(job)"]) }
            return found.next
        } catch {
            logger.error("jobs that nobody can take were not looked for", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
