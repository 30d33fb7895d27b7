import PipelineModel

/// A runner as the server knows it.
public struct StoredRunner: Hashable, Sendable {
    /// Its number.
    public var id: RunnerID
    /// What it offers to jobs.
    public var offer: RunnerOffer
    /// Its GPUs, in the machine's order.
    public var gpus: [StoredGPU]
    /// Whether it is the one inside the server.
    public var isEmbedded: Bool
    /// Whether it takes one job and goes.
    public var isEphemeral: Bool
    /// Whether a person has stopped it from taking jobs for a while.
    public var isPaused: Bool
    /// Whether it is to take no more, and to end when it has none.
    public var isDraining: Bool
    /// Its version of Pawl; nil before it first asked for work.
    public var version: String?
    /// When it joined.
    public var joinedAt: Timestamp
    /// When it was last heard of, to some seconds; nil when never.
    public var seenAt: Timestamp?
    /// When it was removed; nil while it is in the pool.
    public var removedAt: Timestamp?

    /// Its name.
    public var name: String { offer.name }

    /// Whether it takes jobs, as far as people decide.
    public enum Standing: String, Codable, Sendable {
        /// It does.
        case active
        /// Not for a while.
        case paused
        /// Not any more.
        case draining
        /// It is not in the pool any more.
        case removed
    }

    /// Whether it takes jobs, as far as people decide.
    public var standing: Standing {
        if removedAt != nil { return .removed }
        if isDraining { return .draining }
        return isPaused ? .paused : .active
    }

    /// After this long without a word a runner counts as away. One that is there asks for work or speaks of its jobs
    /// several times within it.
    public static let awayAfter = Duration.seconds(90)

    /// Since when nothing has been heard of it; nil while it is there.
    public func awaySince(now: Timestamp) -> Timestamp? {
        guard let seenAt else { return joinedAt }
        return now - seenAt > Self.awayAfter ? seenAt : nil
    }
}

/// A GPU as the server knows it.
public struct StoredGPU: Hashable, Sendable {
    /// The row's number.
    var id: Int64
    /// The device, as its runner last saw it.
    public var gpu: GPU
    /// Why it is set aside, in words; nil while it is not.
    public var setAside: String?
    /// Since when it is set aside.
    public var setAsideAt: Timestamp?
    /// The attempt that has it; nil while none does.
    public var attempt: AttemptID?

    /// Whether a job can have it now.
    public var isFree: Bool { attempt == nil && setAside == nil && gpu.condition == .usable }

    /// Makes it an attempt's own.
    func give(to attempt: AttemptID, on connection: any DatabaseConnection) throws {
        try connection.execute("UPDATE gpu SET attempt = $2 WHERE id = $1", id, attempt)
    }
}

extension StoredRunner {
    static let columns = """
        'runner' AS row_table, id, name, tags, slots, scope, is_embedded, is_ephemeral, is_paused, is_draining,
        inventory, version, joined_at, seen_at, removed_at
        """

    init(row: SQLRow, gpus: [StoredGPU]) throws {
        id = try row.id("id")
        var inventory: RunnerInventory = try row.json("inventory")
        inventory.gpus = gpus.map(\.gpu)
        offer = RunnerOffer(
            id: id, name: try row.text("name"), tags: try row.json("tags"), slots: try row.int("slots"),
            scope: try row.json("scope"), inventory: inventory)
        self.gpus = gpus
        isEmbedded = try row.bool("is_embedded")
        isEphemeral = try row.bool("is_ephemeral")
        isPaused = try row.bool("is_paused")
        isDraining = try row.bool("is_draining")
        version = try row.optionalText("version")
        joinedAt = try row.time("joined_at")
        seenAt = try row.optionalTime("seen_at")
        removedAt = try row.optionalTime("removed_at")
    }

    /// The runner of that number, removed or not.
    static func find(_ id: RunnerID, on connection: any DatabaseConnection) throws -> StoredRunner {
        guard let row = try connection.row("SELECT \(columns) FROM runner WHERE id = $1", id) else {
            throw StoreError(.notFound, message: "There is no runner \(id).")
        }
        return try StoredRunner(row: row, gpus: StoredGPU.all(of: id, on: connection))
    }

    /// The runners in the pool, by name; those that were removed as well where asked for.
    static func all(removed: Bool = false, on connection: any DatabaseConnection) throws -> [StoredRunner] {
        try connection.rows(
            "SELECT \(columns) FROM runner WHERE removed_at IS NULL OR $1 ORDER BY name, id", removed
        ).map { row in try StoredRunner(row: row, gpus: StoredGPU.all(of: try row.id("id"), on: connection)) }
    }
}

extension StoredGPU {
    /// The devices of a runner, in the machine's order. One whose attempt has ended is nobody's.
    static func all(of runner: RunnerID, on connection: any DatabaseConnection) throws -> [StoredGPU] {
        try connection.rows(
            """
            SELECT 'gpu' AS row_table, gpu.id, gpu.device, gpu.set_aside, gpu.set_aside_at, attempt.id AS attempt
            FROM gpu LEFT JOIN attempt ON attempt.id = gpu.attempt AND attempt.state IN ('claimed', 'running')
            WHERE gpu.runner = $1
            """, runner
        ).map { row in
            StoredGPU(
                id: try row.integer("id"), gpu: try row.json("device"), setAside: try row.optionalText("set_aside"),
                setAsideAt: try row.optionalTime("set_aside_at"), attempt: try row.optionalID("attempt"))
        }.sorted { ($0.gpu.index, $0.gpu.uuid) < ($1.gpu.index, $1.gpu.uuid) }
    }
}
