import Forges
import GitRepositories
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Asks forges what never came: at the start, when a repository is added, and every few minutes.
///
/// Where the forge keeps a list of what it sent (GitHub), what was not taken is sent again by it. On every forge, branches
/// and tags are compared with where deliveries say that they stand; what differs is stored as a delivery of its own,
/// `pawl-recovered`, which the intake works on like any other. A head counts as told
/// from the transaction that stores its delivery, so neither a crash nor an intake that takes long makes it come twice;
/// a delivery that comes after its recovered event is recognized as the same event.
///
/// Several pushes to a branch that were all missed are one move here: its newest commit runs. Pull requests that were
/// opened or updated meanwhile are found only through the forge's own list of what it sent.
public struct MissedEvents: Service {
    let store: Store
    let forges: ForgeConnections
    let mirrors: Mirrors
    private let interval: Duration
    private let jitter: @Sendable () -> Double
    let now: @Sendable () -> Timestamp
    let logger: Logger

    /// How many repositories are looked at once.
    private static let width = 4

    /// Looks at the repositories of a store.
    /// - Parameters:
    ///   - interval: the time between two looks at a repository. Each asks a forge's API once or twice; a forge counts
    ///     that against its limit.
    ///   - jitter: a number from 0 to 1, so that repositories are not all looked at together.
    public init(
        store: Store, forges: ForgeConnections, mirrors: Mirrors, interval: Duration = .minutes(5),
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }, now: @escaping @Sendable () -> Timestamp,
        logger: Logger
    ) {
        self.store = store
        self.forges = forges
        self.mirrors = mirrors
        self.interval = interval
        self.jitter = jitter
        self.now = now
        self.logger = logger
    }

    /// Looks until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var looks = Looks()
            while !Task.isCancelled {
                let seen = store.repositoryAdded.count
                await look(&looks)
                let wait = looks.nextAt.map { $0 - now() } ?? interval
                await store.repositoryAdded.wait(after: seen, atMost: min(max(wait, .milliseconds(100)), interval))
            }
        }
    }

    /// When what is looked at again. What is not in it is looked at now: after a start that is everything.
    struct Looks: Sendable {
        fileprivate var dueAt: [RepositoryID: Timestamp] = [:]
        fileprivate var pauses: [String: Timestamp] = [:]
        fileprivate var tries = RedeliveryTries()
        /// When the next one is due; nil where there is none.
        fileprivate(set) var nextAt: Timestamp?

        /// No looks yet.
        init() {}

        /// When a repository is due; in the past where it has never been looked at.
        fileprivate func dueAt(_ repository: StoredRepository) -> Timestamp {
            let never = Timestamp(milliseconds: 0)
            return max(dueAt[repository.id] ?? never, pauses[repository.reference.forge] ?? never)
        }
    }

    /// Looks once at every repository that is due. One that fails does not keep the others from being looked at.
    func look(_ looks: inout Looks) async {
        let moment = now()
        let enabled: [StoredRepository]
        do {
            enabled = try await store.repositories().filter(\.settings.isEnabled)
        } catch {
            looks.nextAt = nil
            logger.error("repositories cannot be read", metadata: ["error": "\(error)"])
            return
        }
        let tries = looks.tries
        await withTaskGroup(of: (StoredRepository, Outcome).self) { group in
            var waiting = enabled.filter { looks.dueAt($0) <= moment }.makeIterator()
            for _ in 0..<Self.width {
                guard let repository = waiting.next() else { break }
                group.addTask { (repository, await look(at: repository, tries: tries)) }
            }
            while let (repository, outcome) = await group.next() {
                looks.dueAt[repository.id] =
                    outcome.forgeRestsUntil ?? outcome.lookAgainAt ?? now() + interval * (1 - jitter() / 4)
                looks.tries.keep(outcome.redeliveries, of: repository.id)
                if let until = outcome.forgeRestsUntil { looks.pauses[repository.reference.forge] = until }
                // Those whose forge rests are looked at when it no longer does.
                while let next = waiting.next(), !Task.isCancelled {
                    guard looks.dueAt(next) <= moment else { continue }
                    group.addTask { (next, await look(at: next, tries: tries)) }
                    break
                }
            }
        }
        looks.nextAt = enabled.map { looks.dueAt($0) }.min()
    }

    /// What came of a look at one repository.
    private struct Outcome: Sendable {
        /// How often which delivery has been sent again.
        var redeliveries: [String: Int] = [:]
        /// Before when the forge is better left alone.
        var forgeRestsUntil: Timestamp?
        /// When what has moved a moment ago has settled.
        var lookAgainAt: Timestamp?
    }

    private func look(at repository: StoredRepository, tries: RedeliveryTries) async -> Outcome {
        var outcome = Outcome()
        guard let forge = forges[repository.reference.forge] else { return outcome }
        await asking(repository, &outcome) { outcome in
            outcome.redeliveries = try await redeliver(to: repository, on: forge, tries: tries[repository.id])
        }
        // What the forge now sends again tells of its branches by itself, push by push. A list that it does not show, as
        // to a token that may not see hooks, is no reason not to compare.
        let isFirstTime = outcome.redeliveries.contains { $0.value == 1 }
        guard !isFirstTime, outcome.forgeRestsUntil == nil, !Task.isCancelled else { return outcome }
        await asking(repository, &outcome) { outcome in
            outcome.lookAgainAt = try await compareHeads(of: repository, on: forge)
        }
        return outcome
    }

    /// Asks something of a repository's forge, and writes down how long it is left alone where it cannot answer.
    private func asking(
        _ repository: StoredRepository, _ outcome: inout Outcome, _ question: (inout Outcome) async throws -> Void
    ) async {
        do {
            try await question(&outcome)
        } catch is CancellationError {
            return
        } catch {
            if let error = error as? ForgeError, error.isTransient {
                let rested = now() + interval / 2
                outcome.forgeRestsUntil = max(error.retryAfter ?? rested, rested)
            }
            logger.warning(
                "missed events not asked for",
                metadata: ["repository": "\(repository.reference.name)", "error": "\(error)"])
        }
    }
}

/// How often deliveries have been sent again, so that one that is refused each time comes to an end.
struct RedeliveryTries: Sendable {
    private var counts: [RepositoryID: [String: Int]] = [:]

    /// The most tries at one delivery.
    static let limit = 3

    /// The counts of one repository, by the deliveries' keys.
    subscript(repository: RepositoryID) -> [String: Int] { counts[repository] ?? [:] }

    /// Keeps what the last look found, and forgets what it did not find any more.
    mutating func keep(_ found: [String: Int], of repository: RepositoryID) {
        counts[repository] = found.isEmpty ? nil : found
    }
}
