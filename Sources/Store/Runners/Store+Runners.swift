import PipelineModel

extension Store {
    /// Writes down the runner inside the server as its settings have it, under the same number as before.
    /// - Throws: `StoreError.refused` where a runner that joined has that name.
    public func enterEmbeddedRunner(
        name: String, tags: [String], slots: Int, inventory: RunnerInventory = .init(), now: Timestamp
    ) async throws -> RunnerID {
        let (tags, stored) = (try jsonText(tags), try jsonText(inventory.withoutGPUs))
        return try await database.write { connection in
            let namesake = try connection.row(
                "SELECT id FROM runner WHERE name = $1 AND removed_at IS NULL AND is_embedded = 0", name)
            guard namesake == nil else {
                throw StoreError(
                    .refused,
                    message: "A runner that joined is called \(name) already. Set runner.name, or: "
                        + "pawl runner remove \(name)")
            }
            let known = try connection.row("SELECT id FROM runner WHERE is_embedded = 1 AND removed_at IS NULL")
            let id: RunnerID
            if let known {
                id = try known.id("id")
                try connection.execute(
                    "UPDATE runner SET name = $2, tags = $3, slots = $4, inventory = $5, seen_at = $6 WHERE id = $1",
                    id, name, tags, slots, stored, now)
            } else {
                id = RunnerID(
                    rawValue: try connection.insert(
                        """
                        INSERT INTO runner (
                            name, tags, slots, scope, is_embedded, is_ephemeral, is_paused, is_draining, inventory,
                            joined_at, seen_at)
                        VALUES ($1, $2, $3, $4, 1, 0, 0, 0, $5, $6, $6) RETURNING id
                        """, name, tags, slots, try jsonText(ServingScope()), stored, now))
            }
            // What is in hand from before there was a pool can only be its own.
            try connection.execute(
                "UPDATE attempt SET runner_id = $1 WHERE runner_id IS NULL AND state IN ('claimed', 'running')", id)
            try StoredGPU.note(inventory.gpus, of: id, on: connection, now: now)
            return id
        }
    }

    /// Takes the runner inside the server out of the pool, as when its settings give it no slots.
    public func retireEmbeddedRunner(now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                "UPDATE runner SET removed_at = $1 WHERE is_embedded = 1 AND removed_at IS NULL", now)
        }
    }

    /// The runners in the pool, by name; those that were removed as well where asked for.
    public func runners(removed: Bool = false) async throws -> [StoredRunner] {
        try await database.read { try StoredRunner.all(removed: removed, on: $0) }
    }

    /// The runner of that name that is in the pool; nil where there is none.
    public func runner(named name: String) async throws -> StoredRunner? {
        try await runners().first { $0.name == name }
    }

    /// Notes that a runner was heard of, and what its machine has. Costs a write only where something is new.
    public func noteRunner(_ id: RunnerID, request: ClaimRequest? = nil, now: Timestamp) async throws {
        let known = try await database.read { try StoredRunner.find(id, on: $0) }
        let inventory = request?.inventory
        let isNew = request.map { $0.inventory.differs(from: known) || $0.version != known.version } ?? false
        guard isNew || known.seenAt.map({ now - $0 >= .seconds(10) || $0 > now }) ?? true else { return }
        let stored = try jsonText((inventory ?? known.offer.inventory).withoutGPUs)
        let version = request?.version ?? known.version
        try await database.write { connection in
            try connection.execute(
                "UPDATE runner SET seen_at = $2, inventory = $3, version = $4 WHERE id = $1", id, now, stored, version)
            if let inventory { try StoredGPU.note(inventory.gpus, of: id, on: connection, now: now) }
        }
        if isNew { readyJobs.give() }
    }

    /// Changes what a runner offers, as a person asks.
    /// - Throws: `StoreError.notFound` where none is called so, `refused` where it is the one inside the server and what
    ///   changes is in its settings.
    public func editRunner(_ name: String, as edit: RunnerEdit, by: String, now: Timestamp) async throws {
        try await changeRunner(name, action: "runner.edit", by: by, now: now) { runner, connection in
            if runner.isEmbedded, edit.tags != nil || edit.slots != nil {
                throw StoreError(
                    .refused,
                    message: "\(name) is the server's own runner: its tags and slots are runner.tags and runner.slots "
                        + "in the server's settings.")
            }
            let offer = runner.offer
            try connection.execute(
                "UPDATE runner SET tags = $2, slots = $3, scope = $4, is_paused = $5, is_draining = $6 WHERE id = $1",
                runner.id, try jsonText(edit.tags ?? offer.tags), edit.slots ?? offer.slots,
                try jsonText(edit.scope ?? offer.scope), edit.isPaused ?? runner.isPaused,
                edit.isDraining ?? runner.isDraining)
            return edit.words
        }
        readyJobs.give()
        pipelineChanged.give()
    }

    /// Takes a runner out of the pool: its credential is worth nothing any more, but to be told so. What it has in hand is lost to it, and
    /// tried again.
    /// - Throws: `StoreError.notFound`; `refused` for the one inside the server.
    public func removeRunner(_ name: String, by: String, now: Timestamp) async throws {
        let id = try await changeRunner(name, action: "runner.remove", by: by, now: now) { runner, connection in
            guard !runner.isEmbedded else {
                throw StoreError(
                    .refused, message: "\(name) is the server's own runner. Set runner.slots to 0 to be without it.")
            }
            try connection.execute(
                """
                UPDATE runner SET removed_at = $2, previous_credential_hash = NULL WHERE id = $1
                """, runner.id, now)
            return nil
        }
        _ = try await loseLeases(ofRunner: id, because: .runnerRemoved, now: now)
        readyJobs.give()
        pipelineChanged.give()
    }

    @discardableResult
    private func changeRunner(
        _ name: String, action: String, by: String, now: Timestamp,
        _ body: @escaping @Sendable (StoredRunner, any DatabaseConnection) throws -> String?
    ) async throws -> RunnerID {
        try await database.write { connection in
            let row = try connection.row("SELECT id FROM runner WHERE name = $1 AND removed_at IS NULL", name)
            guard let id = try row?.id("id", RunnerID.self) else {
                throw StoreError(.notFound, message: "There is no runner \(name).  pawl runner list")
            }
            let detail = try body(try StoredRunner.find(id, on: connection), connection)
            try AuditEntry(at: now, by: by, action: action, subject: name, detail: detail).insert(on: connection)
            return id
        }
    }
}

/// What a person changes about a runner; nil leaves it as it is.
public struct RunnerEdit: Hashable, Sendable {
    /// What jobs may ask for by `tags`.
    public var tags: [String]?
    /// How many jobs it carries out at once.
    public var slots: Int?
    /// Whose jobs it takes.
    public var scope: ServingScope?
    /// Whether it takes none for a while.
    public var isPaused: Bool?
    /// Whether it takes none any more, and ends when it has none.
    public var isDraining: Bool?

    /// Changes nothing yet.
    public init() {}

    /// What is changed, for the audit.
    var words: String {
        var words: [String] = []
        if let tags { words.append("tags \(tags.joined(separator: ", "))") }
        if let slots { words.append("slots \(slots)") }
        if let isPaused { words.append(isPaused ? "paused" : "resumed") }
        if let isDraining { words.append(isDraining ? "draining" : "not draining") }
        if scope != nil { words.append("scope") }
        return words.joined(separator: "; ")
    }
}

extension RunnerInventory {
    /// Whether it says anything that is not known of a runner. Devices that it has no more are told once.
    fileprivate func differs(from runner: StoredRunner) -> Bool {
        let known = Dictionary(runner.gpus.map { ($0.gpu.uuid, $0) }) { first, _ in first }
        let there = Set(gpus.map(\.uuid))
        return withoutGPUs != runner.offer.inventory.withoutGPUs || gpus.contains { known[$0.uuid]?.gpu != $0 }
            || known.values.contains { !there.contains($0.gpu.uuid) && $0.setAside == nil }
    }

    /// What is kept with the runner's row: its GPUs have rows of their own.
    var withoutGPUs: RunnerInventory {
        var inventory = self
        inventory.gpus = []
        return inventory
    }
}
