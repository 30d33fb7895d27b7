import PipelineModel
import Store

extension Store {
    /// A runner of that name, which takes as many jobs as come.
    func testRunner(
        _ name: String = "r", tags: [String] = [], slots: Int = 1_000_000, scope: ServingScope = .init(),
        inventory: RunnerInventory = .init(), now: Timestamp
    ) async throws -> RunnerID {
        if let known = try await runner(named: name) {
            if known.offer.tags != tags {
                var edit = RunnerEdit()
                edit.tags = tags
                try await editRunner(name, as: edit, by: "test", now: now)
            }
            return known.id
        }
        let hash = Array(name.utf8)
        let terms = JoinTerms(tags: tags, slots: slots, scope: scope)
        if try await joinTerms(hash: hash, now: now) == nil {
            try await addJoinToken(hash: hash, terms: terms, expiresAt: now + .hours(1), by: "test", now: now)
        }
        let machine = JoiningRunner(
            name: name, slots: slots, request: ClaimRequest(inventory: inventory, version: "1"),
            credentialHash: Array("credential of \(name)".utf8))
        return try await join(machine, with: hash, now: now).id
    }

    /// Claims as a runner of that name.
    func claim(as name: String, tags: [String], leaseFor: Duration, now: Timestamp) async throws -> Claim? {
        try await claim(by: testRunner(name, tags: tags, now: now), leaseFor: leaseFor, now: now)
    }
}
