import Forges
import GitRepositories
import Logging
import PipelineModel
import ServiceLifecycle
import Store

/// Makes pipelines of stored deliveries: delivery ▸ event ▸ pipeline file at that commit ▸ plan ▸ pipeline.
///
/// Deliveries of one repository are taken in the order they came; different repositories go side by side. What fails
/// because a forge is down or asks to wait stays stored and is tried again, and what came later about the same ref waits
/// behind it; what can never succeed ends as failed, with the reason, and runs again when the forge repeats it or a
/// person replays it.
public struct Intake: Service {
    private let store: Store
    private let forges: ForgeConnections
    private let planner: EventPlanner
    private let tests: TestDeliveries
    private let pace: RetryPace
    private let now: @Sendable () -> Timestamp
    private let logger: Logger

    /// How many repositories are worked for at once.
    private static let width = 4
    /// How long a delivery is tried again before it ends as failed. A forge's outage is seldom longer.
    private static let patience = Duration.days(2)

    /// Works on the deliveries of a store.
    public init(
        store: Store, forges: ForgeConnections, planner: EventPlanner, tests: TestDeliveries = TestDeliveries(),
        pace: RetryPace = RetryPace(), now: @escaping @Sendable () -> Timestamp, logger: Logger
    ) {
        self.store = store
        self.forges = forges
        self.planner = planner
        self.tests = tests
        self.pace = pace
        self.now = now
        self.logger = logger
    }

    /// Works until the service is stopped. A delivery that is being worked on then is finished at the next start.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let seen = store.deliveryArrived.count
                switch await takeDue() {
                case .progress: continue
                case .nothingDue: await store.deliveryArrived.wait(after: seen, atMost: await timeToNext())
                case .stuck: await store.deliveryArrived.wait(after: seen, atMost: pace.sweep)
                }
            }
        }
    }

    /// What came of a turn.
    enum Turn: Hashable, Sendable {
        case nothingDue
        /// Something was dealt with, and there may be more.
        case progress
        /// What is due could not be read or written down, so that trying again at once would only do it all again.
        case stuck
    }

    /// Takes every delivery that is due now.
    func takeDue() async -> Turn {
        let due: [Delivery]
        do {
            due = try await store.openDeliveries(now: now())
        } catch {
            logger.error("inbox cannot be read", metadata: ["error": "\(error)"])
            return .stuck
        }
        guard !due.isEmpty else { return .nothingDue }
        let repositories = Dictionary(grouping: due) { "\($0.forge)/\($0.remoteID ?? 0)" }.values
        return await withTaskGroup(of: Bool.self) { group in
            var waiting = repositories.makeIterator()
            func startNext() {
                guard let deliveries = waiting.next() else { return }
                group.addTask {
                    var isProgress = false
                    for delivery in deliveries.sorted(by: { $0.id < $1.id }) where !Task.isCancelled {
                        if await take(delivery) { isProgress = true }
                    }
                    return isProgress
                }
            }
            for _ in 0..<Self.width { startNext() }
            var isProgress = false
            while let one = await group.next() {
                isProgress = isProgress || one
                startNext()
            }
            return isProgress ? .progress : .stuck
        }
    }

    /// Deals with a delivery.
    /// - Returns: whether that could be written down.
    private func take(_ delivery: Delivery) async -> Bool {
        do {
            do {
                try await workOut(delivery)
            } catch {
                try await setAside(delivery, after: error)
            }
            return true
        } catch {
            logger.error("intake failed", metadata: ["delivery": "d\(delivery.id)", "error": "\(error)"])
            return false
        }
    }

    private func workOut(_ delivery: Delivery) async throws {
        let read = try await read(delivery)
        // What the hook was allowed to speak for stands in the row, whatever the body says.
        guard read.event.repository?.remoteID == delivery.remoteID else {
            let reason = "its body speaks for another repository than it was taken for"
            return try await store.finishDelivery(delivery.id, as: .failed(reason), now: now())
        }
        switch read.decision {
        case .ignore(let reason):
            try await store.finishDelivery(
                delivery.id, as: .ignored(reason), event: identity(of: read.event, in: delivery), now: now())
        case .cancel(let ref):
            try await cancel(ref, because: delivery, event: read.event)
        case .command(let command, let pullRequest):
            guard let repository = try await self.repository(of: delivery), let forge = forges[delivery.forge] else {
                let reason = "a command for a repository that Pawl does not work for"
                return try await store.finishDelivery(delivery.id, as: .ignored(reason), now: now())
            }
            try await CommandDesk(store: store, forge: forge, now: now).take(
                command, of: read.event.actor, on: pullRequest, of: repository, in: delivery.id)
        case .start
        where tests.takes(
            HeadMove(of: read.event), from: delivery.forge, remoteID: delivery.remoteID, now: now()):
            let reason = "the forge's test of its webhook"
            try await store.finishDelivery(delivery.id, as: .ignored(reason), now: now())
        case .start:
            guard let repository = try await self.repository(of: delivery) else {
                let name = read.event.repository?.name ?? "the repository"
                let reason = "\(name) is not one that Pawl works for.  pawl repo add \(name)"
                return try await store.finishDelivery(delivery.id, as: .ignored(reason), now: now())
            }
            guard repository.settings.isEnabled else {
                let reason = "pipelines of \(repository.reference.name) are switched off"
                return try await store.finishDelivery(delivery.id, as: .ignored(reason), now: now())
            }
            try await start(delivery, event: read.event, of: repository)
        }
    }

    private func start(_ delivery: Delivery, event: Event, of repository: StoredRepository) async throws {
        switch try await planner.pipeline(for: event, of: repository) {
        case .nothing(let reason, let identity):
            try await store.finishDelivery(delivery.id, as: .ignored(reason), event: identity, now: now())
        case .pipeline(let new):
            let creation = try await store.createPipeline(new, finishing: delivery.id, now: now())
            guard case .created(let id) = creation else { return }
            logger.info("pipeline made", metadata: ["pipeline": "\(id)", "delivery": "d\(delivery.id)"])
        }
    }

    private func cancel(_ ref: String, because delivery: Delivery, event: Event) async throws {
        guard let repository = try await repository(of: delivery) else {
            return try await store.finishDelivery(
                delivery.id, as: .ignored("\(ref) of an unknown repository is gone"), now: now())
        }
        let stopped = try await store.cancelPipelines(
            ofRef: ref, in: repository.id, because: "\(ref) was deleted", now: now())
        try await store.finishDelivery(
            delivery.id, as: .planned("\(ref) was deleted; \(stopped.count) pipelines cancelled"),
            event: identity(of: event, in: delivery), now: now())
    }

    /// By what a repetition of a push is recognized that makes no pipeline: what comes after it is not one of what came
    /// before it. Nil for other events.
    private func identity(of event: Event, in delivery: Delivery) -> EventIdentity? {
        guard let remoteID = delivery.remoteID, let move = HeadMove(of: event) else { return nil }
        return EventIdentity(
            forge: delivery.forge, remoteID: remoteID, kind: event.kind, ref: move.ref, before: move.before,
            after: move.after)
    }

    private func read(_ delivery: Delivery) async throws -> ForgeDelivery {
        let body = try await store.deliveryBody(delivery.id)
        if delivery.origin == .recovered { return try RecoveredEvent.read(body) }
        guard let forge = forges[delivery.forge] else {
            throw ForgeError(.misconfigured, message: "the settings have no forge \(delivery.forge) any more")
        }
        let headers = WebhookHeaders(delivery.headers.map { ($0.key, $0.value) })
        return try forge.payloads.delivery(headers: headers, body: body)
    }

    private func repository(of delivery: Delivery) async throws -> StoredRepository? {
        guard let remoteID = delivery.remoteID else { return nil }
        return try await store.repository(forge: delivery.forge, remoteID: remoteID)
    }

    /// Leaves for later what may go well then, and ends the rest as failed.
    private func setAside(_ delivery: Delivery, after error: any Error) async throws {
        let setback = Setback(error)
        let moment = now()
        guard setback.outlook != .lasting, moment - (delivery.replayedAt ?? delivery.receivedAt) < Self.patience else {
            logger.warning("delivery failed", metadata: ["delivery": "d\(delivery.id)", "error": "\(setback.message)"])
            return try await store.finishDelivery(delivery.id, as: .failed(setback.message), now: moment)
        }
        // A stop of the server is nobody's failure; it goes on at once after the next start.
        let rest = error is CancellationError ? .zero : pace.delay(afterTries: delivery.tries)
        let next = max(setback.retryAfter ?? moment, moment + rest)
        try await store.postponeDelivery(delivery.id, because: setback.message, until: next)
    }

    private func timeToNext() async -> Duration {
        guard let next = (try? await store.nextDeliveryAt()) ?? nil else { return pace.sweep }
        return min(max(next - now(), .milliseconds(10)), pace.sweep)
    }
}
