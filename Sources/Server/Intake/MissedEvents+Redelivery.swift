import Forges
import PipelineModel
import Store

extension MissedEvents {
    /// How far back a forge's list is read at most: GitHub keeps three days.
    private static let reach = Duration.days(3)
    /// How far before the last look the next one begins: what was on its way then, and clocks that differ.
    private static let overlap = Duration.minutes(10)

    /// Has the forge send again what it could not deliver, oldest first.
    /// - Returns: how often each delivery has been sent again by now, by its key.
    func redeliver(
        to repository: StoredRepository, on forge: ForgeConnection, tries: [String: Int]
    ) async throws -> [String: Int] {
        var tries = tries
        var found: [String: Int] = [:]
        for hook in try await store.hooks(boundTo: repository.reference) {
            guard let id = hook.remoteHookID else { continue }
            let moment = now()
            let since = max((hook.askedAt ?? hook.createdAt) - Self.overlap, moment - Self.reach)
            let sent: [HookDelivery]
            do {
                sent = try await forge.api.deliveries(ofHook: id, on: repository.reference, since: since)
            } catch let error as ForgeError where error.code == .unsupported {
                continue
            }
            for delivery in try await missed(of: sent, from: forge.name) {
                let count = tries[delivery.key] ?? 0
                found[delivery.key] = count
                guard count < RedeliveryTries.limit else { continue }
                try await forge.api.redeliver(delivery.id, ofHook: id, on: repository.reference)
                tries[delivery.key] = count + 1
                found[delivery.key] = count + 1
                logger.notice(
                    "missed delivery asked for again",
                    metadata: ["repository": "\(repository.reference.name)", "event": "\(delivery.event)"])
            }
            try await store.setAsked(hook.id, at: moment)
        }
        return found
    }

    /// The newest attempt at each delivery that no attempt brought here, oldest first.
    private func missed(of sent: [HookDelivery], from forge: String) async throws -> [HookDelivery] {
        let taken = Set(sent.lazy.filter(\.isTaken).map(\.key))
        var seen: Set<String> = []
        var missed: [HookDelivery] = []
        for delivery in sent where !taken.contains(delivery.key) && seen.insert(delivery.key).inserted {
            guard try await !store.knowsDelivery(forge: forge, key: delivery.key) else { continue }
            missed.append(delivery)
        }
        return missed.reversed()
    }
}
