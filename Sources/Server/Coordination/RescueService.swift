import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Takes jobs from runners whose leases have ended. No signal tells of a runner that is gone, so it looks when the next
/// lease can have ended.
public struct RescueService: Service {
    private let store: Store
    private let terms: LeaseTerms
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// Rescues jobs of a store.
    public init(store: Store, terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp, logger: Logger) {
        self.store = store
        self.terms = terms
        self.now = now
        self.logger = logger
    }

    /// Looks until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await rescue()
                try? await Task.sleep(for: terms.rescueEvery)
            }
        }
    }

    private func rescue() async {
        do {
            for key in try await store.rescue(now: now()) {
                logger.warning("lease ended", metadata: ["job": "\(key.job)", "attempt": "\(key.attempt)"])
            }
        } catch {
            logger.error("rescue failed", metadata: ["error": "\(error)"])
        }
    }
}
