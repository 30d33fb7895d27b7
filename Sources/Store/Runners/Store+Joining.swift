import PipelineModel

/// What a runner gets that joins with a token.
public struct JoinTerms: Hashable, Codable, Sendable {
    /// What jobs may ask for by `tags`.
    public var tags: [String]
    /// How many jobs it carries out at once; nil for as many as it says itself.
    public var slots: Int?
    /// Whose jobs it takes.
    public var scope: ServingScope
    /// Whether it takes one job and goes.
    public var isEphemeral: Bool

    /// Describes terms.
    public init(
        tags: [String] = [], slots: Int? = nil, scope: ServingScope = .init(), isEphemeral: Bool = false
    ) {
        self.tags = tags
        self.slots = slots
        self.scope = scope
        self.isEphemeral = isEphemeral
    }
}

/// What a machine says of itself when it joins.
public struct JoiningRunner: Hashable, Sendable {
    /// The name it wants.
    public var name: String
    /// How many jobs it carries out at once, where the token does not say.
    public var slots: Int
    /// What it has, and its version.
    public var request: ClaimRequest
    /// The hash of the credential it is given.
    public var credentialHash: [UInt8]

    /// Describes a machine.
    public init(name: String, slots: Int, request: ClaimRequest, credentialHash: [UInt8]) {
        self.name = name
        self.slots = slots
        self.request = request
        self.credentialHash = credentialHash
    }
}

extension Store {
    /// Keeps a token that machines may join with until a moment, by its hash.
    public func addJoinToken(
        hash: [UInt8], terms: JoinTerms, expiresAt: Timestamp, by: String, now: Timestamp
    ) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO join_token (
                    hash, tags, slots, scope, is_ephemeral, created_by, created_at, expires_at, used)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)
                """, hash, try jsonText(terms.tags), terms.slots, try jsonText(terms.scope), terms.isEphemeral, by, now,
                expiresAt)
            let tags = terms.tags.joined(separator: ", ")
            try AuditEntry(at: now, by: by, action: "runner.token", subject: "join token", detail: "tags \(tags)")
                .insert(on: connection)
        }
    }

    /// The terms of a join token that is good now; nil where it is not.
    public func joinTerms(hash: [UInt8], now: Timestamp) async throws -> JoinTerms? {
        try await database.read { try Self.joinTerms(hash: hash, on: $0, now: now) }
    }

    private static func joinTerms(
        hash: [UInt8], on connection: any DatabaseConnection, now: Timestamp
    ) throws -> JoinTerms? {
        try connection.row(
            """
            SELECT 'join_token' AS row_table, id, tags, slots, scope, is_ephemeral FROM join_token
            WHERE hash = $1 AND expires_at > $2
            """, hash, now
        ).map { row in
            JoinTerms(
                tags: try row.json("tags"), slots: try row.optionalInteger("slots").map(Int.init),
                scope: try row.json("scope"), isEphemeral: try row.bool("is_ephemeral"))
        }
    }

    /// Takes a machine into the pool under the terms of a token. One of the same name that joined before and is away
    /// is taken to be the same machine, set up anew: it keeps its number, and what it had in hand is lost to it.
    /// - Throws: `StoreError.refused` where the token is not good, or a runner of that name is there.
    public func join(_ machine: JoiningRunner, with tokenHash: [UInt8], now: Timestamp) async throws -> StoredRunner {
        let (id, isKnown) = try await database.write { connection -> (RunnerID, Bool) in
            guard let terms = try Self.joinTerms(hash: tokenHash, on: connection, now: now) else {
                throw StoreError(
                    .refused, message: "This join token is not good, or not any more. A new one: pawl runner token")
            }
            let row = try connection.row("SELECT id FROM runner WHERE name = $1 AND removed_at IS NULL", machine.name)
            let known = try row.map { try StoredRunner.find(try $0.id("id"), on: connection) }
            if let known, known.isEmbedded || known.awaySince(now: now) == nil {
                throw StoreError(
                    .refused,
                    message: "A runner called \(machine.name) is in the pool and there. Give this one another name "
                        + "(--name), or: pawl runner remove \(machine.name)")
            }
            let inventory = machine.request.inventory
            let values: [any SQLBindable] = [
                machine.name, machine.credentialHash, now, try jsonText(terms.tags), terms.slots ?? machine.slots,
                try jsonText(terms.scope), terms.isEphemeral, try jsonText(inventory.withoutGPUs),
                machine.request.version,
            ]
            let id: RunnerID
            if let known {
                id = known.id
                try connection.execute(
                    """
                    UPDATE runner
                    SET name = $1, credential_hash = $2, previous_credential_hash = NULL, credential_at = $3, tags = $4,
                        slots = $5, scope = $6, is_ephemeral = $7, inventory = $8, version = $9, is_paused = 0,
                        is_draining = 0, joined_at = $3, seen_at = $3
                    WHERE id = $10
                    """, values + [id])
            } else {
                let inserted = try connection.rows(
                    """
                    INSERT INTO runner (
                        name, credential_hash, credential_at, tags, slots, scope, is_embedded, is_ephemeral, is_paused,
                        is_draining, inventory, version, joined_at, seen_at)
                    VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, $8, $9, $3, $3) RETURNING id
                    """, values)
                guard let row = inserted.first else {
                    throw StoreError(
                        .corrupt, message: "An insert gave no row. Report this with the database's version.")
                }
                id = try row.id("id")
            }
            try StoredGPU.note(inventory.gpus, of: id, on: connection, now: now)
            try connection.execute("UPDATE join_token SET used = used + 1 WHERE hash = $1", tokenHash)
            try AuditEntry(at: now, by: "pawl", action: "runner.join", subject: machine.name).insert(on: connection)
            return (id, known != nil)
        }
        if isKnown { _ = try await loseLeases(ofRunner: id, now: now) }
        readyJobs.give()
        return try await database.read { try StoredRunner.find(id, on: $0) }
    }

    /// The runner in the pool whose credential has that hash: the newest, or the one before it until the newest was used.
    public func runner(credentialHash hash: [UInt8]) async throws -> StoredRunner? {
        try await database.read { connection in
            let row = try connection.row(
                """
                SELECT id FROM runner
                WHERE (credential_hash = $1 OR previous_credential_hash = $1) AND removed_at IS NULL
                """, hash)
            return try row.map { try StoredRunner.find(try $0.id("id"), on: connection) }
        }
    }

    /// Gives a runner a new credential. The one it had stays good until the new one was used, because the answer that
    /// brings it may be lost.
    public func rotateCredential(of id: RunnerID, to hash: [UInt8], shown: [UInt8], now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE runner SET previous_credential_hash = $3, credential_hash = $2, credential_at = $4 WHERE id = $1
                """, id, hash, shown, now)
        }
    }

    /// Notes that a runner has shown its newest credential: the one before is worth nothing any more.
    public func retirePreviousCredential(of id: RunnerID, shown hash: [UInt8]) async throws {
        try await database.write { connection in
            try connection.execute(
                "UPDATE runner SET previous_credential_hash = NULL WHERE id = $1 AND credential_hash = $2", id, hash)
        }
    }
}
