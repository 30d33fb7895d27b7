import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Takes jobs from runners whose leases have ended. No signal tells of a runner that is gone, so it looks when the next
/// lease has ended, and at the latest when one could that was given after the last look.
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

    /// Looks until the service is stopped. No lease that was held when the server went down ends before its runner could
    /// speak again: a result that waits on a runner's disk would be refused else.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            do {
                try await store.extendLeases(by: terms.lease, now: now())
            } catch {
                logger.error("leases not extended", metadata: ["error": "\(error)"])
            }
            while !Task.isCancelled {
                await rescue()
                try? await Task.sleep(for: await timeToNext())
            }
        }
    }

    private func timeToNext() async -> Duration {
        let end = (try? await store.nextLeaseEnd()) ?? nil
        let shortest = min(terms.lease, terms.handOut)
        return max(min(end.map { $0 - now() } ?? shortest, shortest), terms.rescueEvery)
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
