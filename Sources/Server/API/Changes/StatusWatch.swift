import PipelineModel
import Store

/// Watches whether a forge takes the pending statuses that a person's request has caused, for as long as that person may
/// be kept waiting for an answer.
struct StatusWatch: Sendable {
    /// How far the forge has been told of a job.
    enum Standing: Sendable {
        /// It shows the job as pending.
        case told
        /// It is still owed that.
        case owed
    }

    let store: Store
    let pipeline: PipelineID
    /// The newest message there was before the request; nil where there was none.
    let after: MessageID?

    /// The longest wait.
    let patience: Duration
    /// More messages than a pipeline ever has.
    static let limit = 10_000

    /// How far the forge has been told of jobs. A job without a status of its own is left out.
    func standings(of jobs: [String]) async throws -> [String: Standing] {
        let deadline = ContinuousClock.now + patience
        while true {
            let seen = store.outboxReady.count
            let standings = try await now(of: Set(jobs))
            let left = deadline - .now
            guard standings.values.contains(.owed), left > .zero else { return standings }
            await store.outboxReady.wait(after: seen, atMost: left)
            try Task.checkCancellation()
        }
    }

    private func now(of jobs: Set<String>) async throws -> [String: Standing] {
        let messages = try await store.outbox(of: pipeline, limit: Self.limit)
        return messages.reduce(into: [:]) { standings, message in
            if let after, message.id <= after { return }
            // `pawl/push/train`: what is behind the second slash is the job, and may have slashes of its own.
            let parts = message.status.context.split(separator: "/", maxSplits: 2)
            guard parts.count == 3, jobs.contains(String(parts[2])) else { return }
            let isPending = message.status.state == .pending
            switch message.state {
            case .sent where isPending: standings[String(parts[2])] = .told
            case .owed where isPending: standings[String(parts[2])] = .owed
            case .sent, .owed, .superseded, .failed: standings[String(parts[2])] = nil
            }
        }
    }
}
