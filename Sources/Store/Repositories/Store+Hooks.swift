import PipelineModel

extension Store {
    /// Adds a hook.
    /// - Throws: `StoreError.invalid` where the forge has one of that name.
    public func addHook(
        forge: String, name: String, sealedSecret: [UInt8], remoteIDs: Set<Int64>, now: Timestamp
    ) async throws -> Hook {
        try await database.write { connection in
            let id = HookID(
                rawValue: try connection.insert(
                    """
                    INSERT INTO hook (forge, name, sealed_secret, created_at) VALUES ($1, $2, $3, $4) RETURNING id
                    """, forge, name, sealedSecret, now))
            for remoteID in remoteIDs { try Self.bind(id, to: remoteID, on: connection) }
            return Hook(
                id: id, forge: forge, name: name, sealedSecret: sealedSecret, previousSealedSecret: nil,
                remoteIDs: remoteIDs, createdAt: now)
        }
    }

    /// The hook at an address; nil where there is none.
    public func hook(forge: String, name: String) async throws -> Hook? {
        try await database.read { connection in
            try connection.row("SELECT \(Hook.columns) FROM hook WHERE forge = $1 AND name = $2", forge, name)
                .map { try Hook(row: $0, on: connection) }
        }
    }

    /// Every hook, by forge and name.
    public func hooks() async throws -> [Hook] {
        try await database.read { connection in
            try connection.rows("SELECT \(Hook.columns) FROM hook ORDER BY forge, name")
                .map { try Hook(row: $0, on: connection) }
        }
    }

    /// The hooks that may speak for a repository.
    public func hooks(boundTo repository: RepositoryReference) async throws -> [Hook] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(Hook.columns) FROM hook
                WHERE forge = $1 AND id IN (SELECT hook FROM hook_repository WHERE remote_id = $2) ORDER BY id
                """, repository.forge, repository.remoteID
            ).map { try Hook(row: $0, on: connection) }
        }
    }

    /// Lets a hook speak for one more repository, by the forge's number. May be repeated.
    public func bindHook(_ id: HookID, to remoteID: Int64) async throws {
        try await database.write { connection in try Self.bind(id, to: remoteID, on: connection) }
    }

    /// Gives a hook a new secret. The one it had is accepted for as long as there is no newer one.
    /// - Throws: `StoreError.notFound` where there is no such hook.
    public func rotateHook(_ id: HookID, to sealedSecret: [UInt8]) async throws {
        try await database.write { connection in
            let changed = try connection.execute(
                "UPDATE hook SET previous_sealed_secret = sealed_secret, sealed_secret = $2 WHERE id = $1",
                id, sealedSecret)
            guard changed > 0 else { throw StoreError(.notFound, message: "There is no hook \(id).") }
        }
    }

    /// Accepts a hook's newest secret alone, once the forge is known to use it.
    public func forgetPreviousSecret(of id: HookID) async throws {
        try await database.write { connection in
            try connection.execute("UPDATE hook SET previous_sealed_secret = NULL WHERE id = $1", id)
        }
    }

    /// Keeps the forge's own number for a hook. What the forge sent by it before is not asked for.
    public func setRemoteHookID(_ remoteHookID: Int64, of id: HookID, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                "UPDATE hook SET remote_hook_id = $2, asked_at = $3 WHERE id = $1", id, remoteHookID, now)
        }
    }

    /// Keeps up to when a forge has told what it sent by a hook.
    public func setAsked(_ id: HookID, at moment: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute("UPDATE hook SET asked_at = $2 WHERE id = $1", id, moment)
        }
    }

    /// Removes a hook. Its deliveries stay.
    public func removeHook(_ id: HookID) async throws {
        try await database.write { connection in try connection.execute("DELETE FROM hook WHERE id = $1", id) }
    }

    private static func bind(_ id: HookID, to remoteID: Int64, on connection: any DatabaseConnection) throws {
        try connection.execute(
            "INSERT INTO hook_repository (hook, remote_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", id, remoteID)
    }
}

extension Hook {
    static let columns = """
        'hook' AS row_table, id, forge, name, sealed_secret, previous_sealed_secret, remote_hook_id, asked_at, created_at
        """

    init(row: SQLRow, on connection: any DatabaseConnection) throws {
        id = try row.id("id")
        forge = try row.text("forge")
        name = try row.text("name")
        sealedSecret = try row.bytes("sealed_secret")
        previousSealedSecret = try row.optionalBytes("previous_sealed_secret")
        remoteHookID = try row.optionalInteger("remote_hook_id")
        askedAt = try row.optionalTime("asked_at")
        createdAt = try row.time("created_at")
        remoteIDs = Set(
            try connection.rows("SELECT remote_id FROM hook_repository WHERE hook = $1", try row.integer("id"))
                .map { try $0.integer("remote_id") })
    }
}
