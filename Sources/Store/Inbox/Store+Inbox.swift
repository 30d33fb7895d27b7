import PipelineModel

extension Store {
    /// Stores a verified delivery as it came. It is on disk when this returns; many at once share one wait for the disk.
    ///
    /// One that repeats another by the forge's name for it is stored as a duplicate, unless the other's intake failed:
    /// then it runs, which is the operator's remedy.
    public func storeDelivery(_ delivery: NewDelivery, now: Timestamp) async throws -> DeliveryID {
        let id = try await deliveryWriter.store(delivery, receivedAt: now)
        settings.faults.reach(.deliveryCommitted)
        deliveryArrived.give()
        return id
    }

    /// Deliveries whose intake is due, oldest first, and of each ref none but the oldest that is not dealt with: one that
    /// waits for its forge is not overtaken by what came after it.
    public func openDeliveries(limit: Int = 100, now: Timestamp) async throws -> [Delivery] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(Delivery.columns) FROM delivery
                WHERE state = 'stored' AND next_try_at <= $1 AND \(Self.isFirstOfItsRef)
                ORDER BY id LIMIT $2
                """, now, limit
            ).map(Delivery.init(row:))
        }
    }

    /// When the next delivery that may be worked on is due; nil when none waits.
    public func nextDeliveryAt() async throws -> Timestamp? {
        try await database.read { connection in
            try connection.row(
                """
                SELECT min(next_try_at) AS at FROM delivery
                WHERE state = 'stored' AND \(Self.isFirstOfItsRef)
                """)?.optionalTime("at")
        }
    }

    /// Whether no older delivery about the same ref is still to be worked on.
    private static let isFirstOfItsRef = """
        NOT EXISTS (
            SELECT 1 FROM delivery AS older
            WHERE older.state = 'stored' AND older.forge = delivery.forge AND older.remote_id = delivery.remote_id
                AND older.ref = delivery.ref AND older.id < delivery.id)
        """

    /// The delivery of that number, without its body.
    public func delivery(_ id: DeliveryID) async throws -> Delivery? {
        try await database.read { connection in
            try connection.row("SELECT \(Delivery.columns) FROM delivery WHERE id = $1", id).map(Delivery.init(row:))
        }
    }

    /// The raw body of a delivery.
    /// - Throws: `StoreError.notFound` where there is no such delivery, or retention has removed its body.
    public func deliveryBody(_ id: DeliveryID) async throws -> [UInt8] {
        let body = try await database.read { connection in
            try connection.row("SELECT body FROM delivery WHERE id = $1", id)?.optionalBytes("body")
        }
        guard let body else {
            throw StoreError(.notFound, message: "The body of d\(id) is not kept any more, or there is no d\(id).")
        }
        return body
    }

    /// The newest deliveries first; of one repository where it is named, of all otherwise.
    public func deliveries(
        of repository: RepositoryReference? = nil, before: DeliveryID? = nil, limit: Int = 50
    ) async throws -> [Delivery] {
        let before = before ?? DeliveryID(rawValue: .max)
        return try await database.read { connection in
            guard let repository else {
                return try connection.rows(
                    "SELECT \(Delivery.columns) FROM delivery WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit
                ).map(Delivery.init(row:))
            }
            return try connection.rows(
                """
                SELECT \(Delivery.columns) FROM delivery
                WHERE forge = $1 AND remote_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4
                """, repository.forge, repository.remoteID, before, limit
            ).map(Delivery.init(row:))
        }
    }

    /// Whether a delivery of that name has come from the forge, for asking what was missed.
    public func knowsDelivery(forge: String, key: String) async throws -> Bool {
        try await database.read { connection in
            try connection.row(
                "SELECT id FROM delivery WHERE forge = $1 AND delivery_key = $2 LIMIT 1", forge, key) != nil
        }
    }

    /// Ends the intake of a delivery without a pipeline. One that has ended already is left as it is.
    /// - Parameter event: by what a repetition is recognized, where that was worked out.
    public func finishDelivery(
        _ id: DeliveryID, as outcome: DeliveryOutcome, event: EventIdentity? = nil, now: Timestamp
    ) async throws {
        let (state, reason): (DeliveryState, String) =
            switch outcome {
            case .planned(let reason): (.planned, reason)
            case .ignored(let reason): (.ignored, reason)
            case .failed(let reason): (.failed, reason)
            }
        try await database.write { connection in
            try Self.endDelivery(id, as: state, reason, event: event, on: connection, now: now)
        }
    }

    /// Ends the intake of a delivery, unless it has ended already.
    /// - Parameter pipeline: what it was for or about; nil leaves what is known.
    static func endDelivery(
        _ id: DeliveryID, as state: DeliveryState, _ reason: String, event: EventIdentity? = nil,
        pipeline: PipelineID? = nil, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        try connection.execute(
            """
            UPDATE delivery
            SET state = $2, reason = $3, finished_at = $4, event_subject = $5, event_identity = $6,
                pipeline = coalesce($7, pipeline), tries = tries + 1
            WHERE id = $1 AND state = 'stored'
            """, id, state, reason, now, event?.subject, event?.text, pipeline)
    }

    /// Leaves a delivery for later, as when its forge answers 5xx or asks to wait.
    public func postponeDelivery(_ id: DeliveryID, because reason: String, until: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE delivery SET reason = $2, next_try_at = $3, tries = tries + 1
                WHERE id = $1 AND state = 'stored'
                """, id, reason, until)
        }
        deliveryArrived.give()
    }

    /// Runs the intake of a delivery again, whatever came of it. Its event no longer counts as dealt with.
    /// - Throws: `StoreError.refused` where its body is not kept any more, `notFound` where there is none.
    public func replayDelivery(_ id: DeliveryID, by: String, now: Timestamp) async throws {
        try await database.write { connection in
            guard let row = try connection.row("SELECT body IS NULL AS gone FROM delivery WHERE id = $1", id) else {
                throw StoreError(.notFound, message: "There is no delivery d\(id).")
            }
            guard try !row.bool("gone") else {
                throw StoreError(
                    .refused, message: "The body of d\(id) is not kept any more. Run its commit with `pawl run`.")
            }
            try connection.execute(
                """
                UPDATE delivery
                SET state = 'stored', reason = NULL, next_try_at = $2, finished_at = NULL, tries = 0,
                    replayed_at = $2, event_subject = NULL, event_identity = NULL
                WHERE id = $1
                """, id, now)
            try AuditEntry(at: now, by: by, action: "delivery.replay", subject: "d\(id)").insert(on: connection)
        }
        deliveryArrived.give()
    }
}

extension Delivery {
    static let columns = """
        'delivery' AS row_table, id, origin, forge, hook, event, delivery_key, remote_id, headers, size, received_at,
        replayed_at, state, reason, tries, next_try_at, finished_at, pipeline
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        origin = try row.word("origin")
        forge = try row.text("forge")
        hook = try row.optionalID("hook")
        event = try row.text("event")
        key = try row.optionalText("delivery_key")
        remoteID = try row.optionalInteger("remote_id")
        headers = try row.json("headers")
        size = ByteCount(bytes: try row.integer("size"))
        receivedAt = try row.time("received_at")
        replayedAt = try row.optionalTime("replayed_at")
        state = try row.word("state")
        reason = try row.optionalText("reason")
        tries = try row.int("tries")
        nextTryAt = state == .stored ? try row.time("next_try_at") : nil
        finishedAt = try row.optionalTime("finished_at")
        pipeline = try row.optionalID("pipeline")
    }
}
