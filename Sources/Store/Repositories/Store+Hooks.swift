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
                isProved: false, remoteIDs: remoteIDs, createdAt: now)
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

    /// Gives a hook a new secret. The one it had is accepted until a delivery proves that the forge uses the new one.
    /// - Throws: `StoreError.notFound` where there is no such hook.
    public func rotateHook(_ id: HookID, to sealedSecret: [UInt8]) async throws {
        try await changeHook(id, to: sealedSecret, settingBefore: "previous_sealed_secret = sealed_secret, ")
    }

    /// Puts another secret in the place of a hook's newest, which no forge uses. The one before it is left as it is.
    /// - Throws: `StoreError.notFound` where there is no such hook.
    public func replaceHookSecret(of id: HookID, with sealedSecret: [UInt8]) async throws {
        try await changeHook(id, to: sealedSecret, settingBefore: "")
    }

    private func changeHook(_ id: HookID, to sealedSecret: [UInt8], settingBefore first: String) async throws {
        try await database.write { connection in
            let changed = try connection.execute(
                "UPDATE hook SET \(first)sealed_secret = $2, is_proved = 0 WHERE id = $1", id, sealedSecret)
            guard changed > 0 else { throw StoreError(.notFound, message: "There is no hook \(id).") }
        }
    }

    /// Says that a delivery was proved with a hook's newest secret: from now on no other is accepted. Nothing happens
    /// where the hook has been given another meanwhile.
    /// - Parameters:
    ///   - seen: the sealed secret that proved it.
    ///   - kept: what is kept of it, sealed.
    public func proveHook(_ id: HookID, by seen: [UInt8], keeping kept: [UInt8]) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE hook SET is_proved = 1, sealed_secret = $3, previous_sealed_secret = NULL
                WHERE id = $1 AND sealed_secret = $2
                """, id, seen, kept)
        }
    }

    /// Keeps the forge's own number for a hook. Of one that is new, what the forge sent before is not asked for.
    public func setRemoteHookID(_ remoteHookID: Int64, of id: HookID, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE hook
                SET remote_hook_id = $2, asked_at = CASE WHEN remote_hook_id = $2 THEN asked_at ELSE $3 END
                WHERE id = $1
                """, id, remoteHookID, now)
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
        'hook' AS row_table, id, forge, name, sealed_secret, previous_sealed_secret, is_proved, remote_hook_id, asked_at,
        created_at
        """

    init(row: SQLRow, on connection: any DatabaseConnection) throws {
        id = try row.id("id")
        forge = try row.text("forge")
        name = try row.text("name")
        sealedSecret = try row.bytes("sealed_secret")
        previousSealedSecret = try row.optionalBytes("previous_sealed_secret")
        isProved = try row.bool("is_proved")
        remoteHookID = try row.optionalInteger("remote_hook_id")
        askedAt = try row.optionalTime("asked_at")
        createdAt = try row.time("created_at")
        remoteIDs = Set(
            try connection.rows("SELECT remote_id FROM hook_repository WHERE hook = $1", try row.integer("id"))
                .map { try $0.integer("remote_id") })
    }
}
