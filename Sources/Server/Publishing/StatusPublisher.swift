import Forges
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Sends what forges are owed, in order for each commit, until they have taken it.
///
/// A message leaves the outbox only after the forge answered. A crash between the two sends it again, and the forge's
/// "already in that state" counts as taken. A forge that is down, or asks to wait, is left alone for that long, and what
/// it is owed stays; a newer status for the same context takes the place of one that waits.
public struct StatusPublisher: Service {
    private let store: Store
    private let forges: ForgeConnections
    private let pace: RetryPace
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// How many commits are told of at once.
    private static let width = 8

    /// Sends from a store to forges.
    public init(
        store: Store, forges: ForgeConnections, pace: RetryPace = RetryPace(),
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.store = store
        self.forges = forges
        self.pace = pace
        self.now = now
        self.logger = logger
    }

    /// Sends until the service is stopped. What is on its way then is finished first.
    public func run() async throws {
        // A forge that was taken out of the settings is still owed what it was owed.
        let owed = try await store.repositories().map(\.reference.forge)
        let names = Set(forges.all.map(\.name) + owed)
        await cancelWhenGracefulShutdown {
            // Side by side, so that one that hangs, or has a thousand messages waiting, holds up no other.
            await withTaskGroup(of: Void.self) { group in
                for forge in names { group.addTask { await tell(forge) } }
            }
        }
    }

    private func tell(_ forge: String) async {
        var pause: Timestamp?
        while !Task.isCancelled {
            let seen = store.outboxReady.count
            let isDone = await sendDue(to: forge, &pause)
            if !isDone { continue }
            await store.outboxReady.wait(after: seen, atMost: await timeToNext(for: forge, pause))
        }
    }

    /// Sends what is due to a forge now.
    /// - Parameter pause: before when the forge is better left alone.
    /// - Returns: whether there is nothing more to send at once.
    func sendDue(to forge: String, _ pause: inout Timestamp?) async -> Bool {
        let moment = now()
        if let until = pause, until > moment { return true }
        let due: [OwedMessage]
        do {
            due = try await store.dueMessages(to: forge, now: moment)
        } catch {
            logger.error("outbox cannot be read", metadata: ["error": "\(error)"])
            pause = moment + pace.sweep
            return true
        }
        let commits = Dictionary(grouping: due) { CommitKey(of: $0) }.values.map { $0.sorted { $0.id < $1.id } }
            .sorted { ($0.first?.id.rawValue ?? 0) < ($1.first?.id.rawValue ?? 0) }
        guard !commits.isEmpty else { return true }
        pause = await withTaskGroup(of: Timestamp?.self) { group in
            var waiting = commits.makeIterator()
            for _ in 0..<Self.width {
                guard let messages = waiting.next() else { break }
                group.addTask { await send(messages) }
            }
            var latest: Timestamp?
            while let found = await group.next() {
                if let found { latest = max(latest ?? found, found) }
                if latest == nil, let messages = waiting.next() { group.addTask { await send(messages) } }
            }
            return latest
        }
        return false
    }

    /// Sends one commit's messages, one after the other, up to the first that the forge does not take.
    /// - Returns: before when the forge is better left alone, where it cannot take more now.
    private func send(_ messages: [OwedMessage]) async -> Timestamp? {
        for message in messages {
            do {
                switch try await withoutCancellation({ try await send(message) }) {
                case .done: continue
                case .waits: return nil
                case .forgeRests(let until): return until
                }
            } catch {
                logger.error("outbox cannot be written", metadata: ["message": "\(message.id)", "error": "\(error)"])
                // What cannot be written down as sent would be sent again and again.
                return now() + pace.sweep
            }
        }
        return nil
    }

    /// What became of a message.
    private enum Outcome: Sendable {
        /// It is out of the way: taken, or given up.
        case done
        /// It is tried again later, and those after it on its commit with it.
        case waits
        /// The same, and the forge takes nothing at all until then.
        case forgeRests(until: Timestamp)
    }

    private func send(_ message: OwedMessage) async throws -> Outcome {
        guard let forge = forges[message.repository.forge] else {
            let reason = "The settings have no forge \(message.repository.forge) any more."
            try await store.markRetry(message.id, error: reason, nextTryAt: now() + pace.longest)
            return .waits
        }
        do {
            _ = try await forge.api.post(message.status, to: message.repository)
            try await store.markSent(message.id, now: now())
            return .done
        } catch let error as ForgeError {
            return try await postpone(message, after: error)
        } catch let error as StoreError {
            throw error
        } catch {
            return try await postpone(message, after: ForgeError(.unreachable, message: "\(error)", cause: error))
        }
    }

    private func postpone(_ message: OwedMessage, after error: ForgeError) async throws -> Outcome {
        let moment = now()
        if !error.isTransient && message.tries >= pace.triesOfRefused {
            try await store.markGivenUp(message.id, error: error.message, now: moment)
            logger.warning(
                "status given up",
                metadata: ["message": "\(message.id)", "context": "\(message.status.context)", "error": "\(error)"])
            return .done
        }
        let next = max(error.retryAfter ?? moment, moment + pace.delay(afterTries: message.tries))
        try await store.markRetry(message.id, error: error.message, nextTryAt: next)
        return error.isTransient ? .forgeRests(until: next) : .waits
    }

    private func timeToNext(for forge: String, _ pause: Timestamp?) async -> Duration {
        let moment = now()
        guard let due = (try? await store.nextMessageAt(to: forge)) ?? nil else { return pace.sweep }
        return min(max(max(due, pause ?? due) - moment, .milliseconds(10)), pace.sweep)
    }
}

/// By what messages are about the same commit.
private struct CommitKey: Hashable {
    let forge: String
    let remoteID: Int64
    let commit: String

    init(of message: OwedMessage) {
        forge = message.repository.forge
        remoteID = message.repository.remoteID
        commit = message.status.commit
    }
}
