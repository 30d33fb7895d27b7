import Logging
import PipelineModel

/// Tells the server how attempts ended, again and again until it has heard.
struct ResultSender: Sendable {
    let spool: ResultSpool
    let coordinator: any Coordinator
    let clock: RunnerClock
    let logger: Logger

    /// Sends a spooled result until it is accepted, or nobody wants it any more. Ends early with the task: the result
    /// is still on disk then.
    func send(_ entry: ResultSpool.Entry) async {
        var backOff = BackOff()
        let facts: Logger.Metadata = ["job.id": "\(entry.key.job)", "attempt": "\(entry.key.attempt)"]
        while true {
            do {
                try await coordinator.complete(entry.key, with: entry.result)
                return forget(entry.key)
            } catch CoordinatorError.leaseLost {
                logger.info("the result comes too late", metadata: facts)
                return forget(entry.key)
            } catch CoordinatorError.refused(let reason) {
                logger.error("the result is refused", metadata: facts.merging(["error": "\(reason)"]) { $1 })
                return forget(entry.key)
            } catch {
                logger.info("the result is not taken now", metadata: facts.merging(["error": "\(error)"]) { $1 })
                guard (try? await clock.pause(backOff.delay())) != nil else { return }
            }
        }
    }

    /// Sends what an earlier process left.
    func sendLeftovers() async {
        do {
            for entry in try spool.entries(logger: logger) where !Task.isCancelled { await send(entry) }
        } catch {
            logger.error("results of earlier jobs cannot be read", metadata: ["error": "\(error)"])
        }
    }

    /// Removes what was spooled of an attempt that is another's now.
    func forget(_ key: LeaseKey) {
        do {
            try spool.remove(key.attempt)
        } catch {
            logger.error(
                "a result that nobody wants stays on disk",
                metadata: ["job.id": "\(key.job)", "attempt": "\(key.attempt)", "error": "\(error)"])
        }
    }
}
