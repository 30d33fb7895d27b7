import Forges
import GitRepositories
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Keeps the one comment on each pull request as its newest pipeline stands: made once, changed in place.
///
/// What is owed is a state, not a list of messages: whatever came between is told by the newest. A crash between a
/// comment and its number being written down finds it again by its mark.
public struct ReportPublisher: Service {
    private let store: Store
    private let forges: ForgeConnections
    private let gathering: ReportGathering
    private let pace: RetryPace
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// Sends from a store to forges.
    /// - Parameters:
    ///   - mirrors: what a change consists of is counted in them; nil where that is not told.
    ///   - pageURL: the page of a pipeline; nil where the server has no address that others reach.
    public init(
        store: Store, forges: ForgeConnections, mirrors: Mirrors? = nil, pace: RetryPace = RetryPace(),
        pageURL: @escaping @Sendable (PipelineID) -> String?, now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.store = store
        self.forges = forges
        self.pace = pace
        gathering = ReportGathering(store: store, pageURL: pageURL, mirrors: mirrors)
        self.now = now
        self.logger = logger
    }

    /// Sends until the service is stopped. What is on its way then is finished first.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                // Side by side, so that a forge that hangs holds up no other. A plain-Git forge has no pull requests.
                for forge in forges.all where forge.kind != .git { group.addTask { await tell(forge) } }
                // A service that ends takes the whole server with it, also one that has nobody to tell.
                group.addTask { try? await gracefulShutdown() }
            }
        }
    }

    private func tell(_ forge: ForgeConnection) async {
        while !Task.isCancelled {
            let seen = store.outboxReady.count
            await sendDue(to: forge)
            await store.outboxReady.wait(after: seen, atMost: await timeToNext(for: forge.name))
        }
    }

    /// Sends what is due to a forge now.
    func sendDue(to forge: ForgeConnection) async {
        do {
            for report in try await store.dueReports(to: forge.name, now: now()) {
                try await withoutCancellation { try await send(report, to: forge) }
            }
        } catch {
            logger.error("reports cannot be read or written", metadata: ["error": "\(error)"])
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func send(_ owed: OwedReport, to forge: ForgeConnection) async throws {
        do {
            guard let detail = try await store.pipeline(owed.pipeline) else {
                return try await store.markFailed(owed, error: "its pipeline is gone", next: nil)
            }
            let report = try await gathering.report(on: detail, now: now())
            let comment = try await forge.api.putComment(
                report.markdown(mark: owed.mark), on: owed.pullRequest, of: owed.repository, known: owed.comment,
                mark: owed.mark)
            try await store.markSent(owed, as: comment)
        } catch let error as StoreError {
            throw error
        } catch let error as ForgeError where error.isTransient || error.code == .moved {
            let next = max(error.retryAfter ?? now(), now() + pace.delay(afterTries: owed.tries))
            try await store.markFailed(owed, error: error.message, next: next)
        } catch {
            // A permission that is missing, a pull request that is gone: the next state is tried again.
            try await store.markFailed(owed, error: "\(error)", next: nil)
            logger.warning(
                "report not taken",
                metadata: [
                    "repository": "\(owed.repository.name)", "pull.request": "\(owed.pullRequest)", "error": "\(error)",
                ])
        }
    }

    private func timeToNext(for forge: String) async -> Duration {
        guard let due = (try? await store.nextReportAt(to: forge)) ?? nil else { return pace.sweep }
        return min(max(due - now(), .milliseconds(10)), pace.sweep)
    }
}
