import Logging
import PipelineModel
import ServiceLifecycle
import Signing
import Store

/// Looks whether earlier attempts prove jobs that declare what they read, and lets those run that none does. No transaction is
/// held meanwhile; what has moved on before the answer is written is left alone. A restart goes on where the one before
/// stood, for what waits is a state in the store.
public struct ProvingService: Service {
    /// How many proofs that would do are checked by running the job again: one in so many, by lot.
    public struct Checks: Sendable {
        /// One in so many; 0 for none.
        public var oneIn: Int
        /// What the lot is drawn with. The same salt draws the same lots, and nobody else can tell them beforehand.
        public var salt: [UInt8]

        /// Draws lots.
        public init(oneIn: Int, salt: [UInt8]) {
            self.oneIn = oneIn
            self.salt = salt
        }

        /// No proof is ever checked.
        public static let none = Checks(oneIn: 0, salt: [])

        /// Whether the lot falls on a job and the key of a proof.
        func falls(on job: JobID, _ key: String) -> Bool {
            guard oneIn > 0, let digest = try? SHA256Digest.of(salt + Array("\(job) \(key)".utf8)) else { return false }
            return digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % UInt64(oneIn) == 0
        }
    }

    /// How long at most until it looks again where a signal was lost.
    private static let rest = Duration.minutes(1)
    /// How long it may take to work out what a job reads, a fetch from the forge and a question to a registry among it. A
    /// job whose answer does not come runs.
    private static let patience = Duration.minutes(2)
    /// How many jobs are looked at at once.
    private static let width = 4

    private let store: Store
    private let keys: ProofKeyBuilder?
    private let checks: Checks
    private let retention: Duration?
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// - Parameters:
    ///   - keys: works out what jobs read; nil where nothing is ever proved, as in `pawl exec`: then every job runs.
    ///   - retention: how long artifacts are kept of which the pipeline file does not say; nil means for ever.
    public init(
        store: Store, keys: ProofKeyBuilder?, checks: Checks = .none, retention: Duration? = nil,
        now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.store = store
        self.keys = keys
        self.checks = checks
        self.retention = retention
        self.now = now
        self.logger = logger
    }

    /// Looks until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let seen = store.provingReady.count
                await settleAll()
                await store.provingReady.wait(after: seen, atMost: Self.rest)
            }
        }
    }

    /// Settles every job that waits now. One that takes long, or cannot be settled, holds up no other for long.
    func settleAll() async {
        do {
            var waiting = try await store.provingJobs()[...]
            await withDiscardingTaskGroup { group in
                let lanes = waiting.count < Self.width ? waiting.count : Self.width
                let share = lanes == 0 ? 0 : (waiting.count + lanes - 1) / lanes
                while !waiting.isEmpty {
                    let jobs = waiting.prefix(share)
                    waiting = waiting.dropFirst(share)
                    group.addTask { for job in jobs where !Task.isCancelled { await settle(job) } }
                }
            }
        } catch {
            logger.error("jobs that may be proved cannot be read", metadata: ["error": "\(error)"])
        }
    }

    private func settle(_ job: JobID) async {
        do {
            guard let waiting = try await store.provingCase(of: job) else { return }
            let key = await key(of: waiting)
            if Task.isCancelled { return }
            let outcome = try await store.settle(
                waiting, with: key, isChecked: { [checks] in checks.falls(on: job, $0) }, keptFor: retention, now: now()
            )
            logger.info("looked for a proof", metadata: ["job.id": "\(job)", "outcome": "\(outcome)"])
        } catch {
            logger.error("a job was not looked at", metadata: ["job.id": "\(job)", "error": "\(error)"])
        }
    }

    /// What a job would read; nil where that cannot be told, or takes too long.
    private func key(of waiting: ProvingCase) async -> JobKey? {
        guard let keys else { return nil }
        let moment = now()
        do {
            return try await withThrowingTaskGroup(of: JobKey?.self) { group in
                group.addTask { try await keys.key(of: waiting.job, now: moment) }
                group.addTask {
                    try await ContinuousClock().sleep(for: Self.patience)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            logger.warning("what a job reads could not be worked out; it runs", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
