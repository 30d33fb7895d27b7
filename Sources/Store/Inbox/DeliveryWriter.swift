import PipelineModel

/// Stores deliveries that come at the same time in one transaction, and so with one wait for the disk.
///
/// While a transaction is on its way to the disk, later deliveries gather; they make up the next one. A single delivery
/// on a quiet server waits for nothing.
actor DeliveryWriter {
    private struct Entry: Sendable {
        var delivery: NewDelivery
        var receivedAt: Timestamp
        var answer: CheckedContinuation<DeliveryID, any Error>
    }

    private let database: SQLiteDatabase
    private var gathered: [Entry] = []
    private var isWriting = false
    /// How many transactions were made.
    private(set) var commits = 0

    /// How many deliveries share a transaction at most, and how many bytes of them, so that one does not take for ever.
    private static let countLimit = 256
    private static let sizeLimit = 32 << 20

    init(database: SQLiteDatabase) { self.database = database }

    /// Returns once the delivery is on disk.
    func store(_ delivery: NewDelivery, receivedAt: Timestamp) async throws -> DeliveryID {
        try await withCheckedThrowingContinuation { answer in
            gathered.append(Entry(delivery: delivery, receivedAt: receivedAt, answer: answer))
            guard !isWriting else { return }
            isWriting = true
            // Not tied to the caller that happened to come first: the others' deliveries are in it as well.
            Task { await writeGathered() }
        }
    }

    private func writeGathered() async {
        while !gathered.isEmpty {
            let batch = takeBatch()
            do {
                let ids = try await write(batch)
                for (entry, id) in zip(batch, ids) { entry.answer.resume(returning: id) }
            } catch  where batch.count > 1 {
                // One that cannot be stored must not take the others with it.
                for entry in batch { await writeAlone(entry) }
            } catch {
                batch.first?.answer.resume(throwing: error)
            }
        }
        isWriting = false
    }

    private func takeBatch() -> [Entry] {
        var count = 0
        var size = 0
        while count < min(gathered.count, Self.countLimit), count == 0 || size < Self.sizeLimit {
            size += gathered[count].delivery.body.count
            count += 1
        }
        defer { gathered.removeFirst(count) }
        return Array(gathered.prefix(count))
    }

    private func writeAlone(_ entry: Entry) async {
        do {
            guard let id = try await write([entry]).first else { throw StoreError(.corrupt, message: "No row.") }
            entry.answer.resume(returning: id)
        } catch {
            entry.answer.resume(throwing: error)
        }
    }

    private func write(_ batch: [Entry]) async throws -> [DeliveryID] {
        commits += 1
        return try await database.write { connection in
            try batch.map { try Self.insert($0.delivery, receivedAt: $0.receivedAt, on: connection) }
        }
    }

    /// Stores a delivery and, with it, where it says that a branch or tag stands.
    static func insert(
        _ new: NewDelivery, origin: DeliveryOrigin = .received, receivedAt: Timestamp,
        on connection: any DatabaseConnection
    ) throws -> DeliveryID {
        let repeated = try earlier(than: new, on: connection)
        let id = try connection.insert(
            """
            INSERT INTO delivery (
                forge, hook, event, delivery_key, remote_id, state, reason, tries, next_try_at, received_at,
                finished_at, size, headers, origin, ref, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8, $9, $10, $11, $12, $13, $14)
            RETURNING id
            """,
            new.forge, new.hook, new.event, new.key, new.remoteID,
            repeated == nil ? DeliveryState.stored : .duplicate, repeated.map { "repeats d\($0)" }, receivedAt,
            repeated == nil ? nil : receivedAt, new.body.count, try jsonText(new.headers), origin,
            new.ref, new.body)
        // One that repeats another says nothing new, and what it says may be long past.
        if repeated == nil, let remoteID = new.remoteID {
            try new.move?.note(forge: new.forge, remoteID: remoteID, on: connection, now: receivedAt)
        }
        return DeliveryID(rawValue: id)
    }

    /// The delivery of the same name that leaves this one nothing to do: any but one whose intake failed. It must
    /// speak for the same repository, so that nobody can keep another's deliveries from running by using up their names.
    private static func earlier(
        than new: NewDelivery, on connection: any DatabaseConnection
    ) throws -> DeliveryID? {
        guard let key = new.key else { return nil }
        let row = try connection.row(
            """
            SELECT id, state FROM delivery
            WHERE forge = $1 AND delivery_key = $2 AND coalesce(remote_id, 0) = $3 AND state <> 'duplicate'
            ORDER BY id DESC LIMIT 1
            """,
            new.forge, key, new.remoteID ?? 0)
        guard let row, try row.word("state", DeliveryState.self) != .failed else { return nil }
        return try row.id("id")
    }
}
