import Forges
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Sends what forges are owed, in order for each commit, until they have taken it.
///
/// A message leaves the outbox only after the forge answered. A crash between the two sends it again, and the forge's
/// "already in that state" counts as taken. A forge that is down, or asks to wait, is left alone for that long; where it
/// fails for one commit, that commit waits alone. What is owed stays owed, also while a credential or a permission is
/// missing; a newer status for the same context takes the place of one that waits. Only what the forge itself says is
/// wrong is given up, after hours.
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
        pause = await withTaskGroup(of: Outcome.self) { group in
            var waiting = commits.makeIterator()
            for _ in 0..<Self.width {
                guard let messages = waiting.next() else { break }
                group.addTask { await send(messages) }
            }
            var round = PublishingRound()
            while let outcome = await group.next() {
                round.note(outcome)
                if round.restsUntil == nil, let messages = waiting.next() { group.addTask { await send(messages) } }
            }
            return round.restsUntil
        }
        return false
    }

    /// Sends one commit's messages, one after the other, up to the first that the forge does not take.
    private func send(_ messages: [OwedMessage]) async -> Outcome {
        // Read with the first of them, and told by the answers to those before.
        var group = messages.first?.statusGroup.map { StatusGroup(remoteID: $0) }
        for message in messages {
            do {
                let known = group
                let (outcome, told) = try await withoutCancellation { try await send(message, in: known) }
                guard outcome == .done else { return outcome }
                group = told ?? group
            } catch {
                logger.error("outbox cannot be written", metadata: ["message": "\(message.id)", "error": "\(error)"])
                // What cannot be written down as sent would be sent again and again.
                return .forgeRests(until: now() + pace.sweep)
            }
        }
        return .done
    }

    /// What became of a message, and of those after it on its commit.
    enum Outcome: Equatable, Sendable {
        /// It is out of the way: taken, or given up.
        case done
        /// It is tried again later; that says nothing about other commits.
        case waits
        /// The forge failed, which may be for this commit alone; it is tried again then.
        case fails(until: Timestamp)
        /// The forge takes nothing at all until then.
        case forgeRests(until: Timestamp)
    }

    /// Sends a message.
    /// - Returns: what became of it, and where the forge keeps the commit's statuses, as far as it has told.
    private func send(_ message: OwedMessage, in group: StatusGroup?) async throws -> (Outcome, StatusGroup?) {
        guard let forge = forges[message.repository.forge] else {
            let reason = "The settings have no forge \(message.repository.forge) any more."
            try await store.markRetry(
                message.id, error: reason, nextTryAt: now() + pace.longest, holding: .commit)
            return (.waits, nil)
        }
        do {
            let answer = try await forge.api.post(message.status, to: message.repository, in: group)
            try await store.markSent(message.id, in: answer.group?.remoteID, now: now())
            return (.done, answer.group)
        } catch let error as ForgeError where error.code == .moved {
            return (try await follow(message, on: forge, after: error), nil)
        } catch let error as ForgeError {
            return (try await postpone(message, after: error), nil)
        } catch let error as StoreError {
            throw error
        } catch {
            let error = ForgeError(.unreachable, message: "\(error)", cause: error)
            return (try await postpone(message, after: error), nil)
        }
    }

    /// Takes over the new name of a repository that was renamed, and has the message sent there.
    private func follow(
        _ message: OwedMessage, on forge: ForgeConnection, after error: ForgeError
    ) async throws -> Outcome {
        do {
            var found = try await forge.api.repository(numbered: message.repository.remoteID)
            found.forge = forge.name
            // The same name again would be asked again and again.
            guard found.name != message.repository.name else { return try await postpone(message, after: error) }
            _ = try await store.addRepository(found, now: now())
            logger.info(
                "repository renamed", metadata: ["from": "\(message.repository.name)", "to": "\(found.name)"])
            try await store.markRetry(message.id, error: error.message, nextTryAt: now(), holding: .commit)
            return .waits
        } catch let error as ForgeError {
            return try await postpone(message, after: error)
        }
    }

    private func postpone(_ message: OwedMessage, after error: ForgeError) async throws -> Outcome {
        let moment = now()
        let next = max(error.retryAfter ?? moment, moment + pace.delay(afterTries: message.tries))
        guard error.isOfRequest else {
            try await store.markRetry(message.id, error: error.message, nextTryAt: next, holding: .commit)
            return switch error.code {
            case .limited, .unreachable: .forgeRests(until: next)
            case .unavailable where error.retryAfter != nil: .forgeRests(until: next)
            case .unavailable, .unreadableAnswer, .unauthorized: .fails(until: next)
            // A permission, or a repository that is gone: other repositories are not concerned.
            default: .waits
            }
        }
        guard moment - (message.refusedSince ?? moment) >= pace.patience else {
            try await store.markRefused(message.id, error: error.message, nextTryAt: next, now: moment)
            return .waits
        }
        try await store.markGivenUp(message.id, error: error.message, now: moment)
        logger.warning(
            "status given up",
            metadata: ["message": "\(message.id)", "context": "\(message.status.context)", "error": "\(error)"])
        return .done
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
