import PipelineModel

extension Store {
    /// Keeps a new token by its hash.
    public func addToken(
        name: String, hash: [UInt8], scope: TokenScope, now: Timestamp
    ) async throws -> TokenID {
        try await database.write { connection in
            TokenID(
                rawValue: try connection.insert(
                    "INSERT INTO token (name, hash, scope, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
                    name, hash, scope, now))
        }
    }

    /// The good token with that hash; nil where there is none or it was revoked. Notes that it was used.
    public func token(hash: [UInt8], now: Timestamp) async throws -> Token? {
        let found = try await database.read { connection in
            try connection.row(
                "SELECT \(Token.columns) FROM token WHERE hash = $1 AND revoked_at IS NULL", hash
            ).map(Token.init(row:))
        }
        guard let token = found else { return nil }
        // Once a minute is enough: a request must not cost a write.
        if token.lastUsedAt.map({ now - $0 >= .minutes(1) }) ?? true {
            try await database.write { connection in
                try connection.execute("UPDATE token SET last_used_at = $2 WHERE id = $1", token.id, now)
            }
        }
        return token
    }

    /// Every token, revoked ones among them, oldest first.
    public func tokens() async throws -> [Token] {
        try await database.read { connection in
            try connection.rows("SELECT \(Token.columns) FROM token ORDER BY id").map(Token.init(row:))
        }
    }

    /// Makes a token useless from now on. May be repeated.
    /// - Throws: `StoreError.notFound` where there is none.
    public func revokeToken(_ id: TokenID, now: Timestamp) async throws {
        try await database.write { connection in
            let changed = try connection.execute(
                "UPDATE token SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", id, now)
            guard changed > 0 else { throw StoreError(.notFound, message: "There is no token \(id).") }
        }
    }
}

extension Token {
    static let columns = "'token' AS row_table, id, name, scope, created_at, last_used_at, revoked_at"

    init(row: SQLRow) throws {
        id = try row.id("id")
        name = try row.text("name")
        scope = try row.word("scope")
        createdAt = try row.time("created_at")
        lastUsedAt = try row.optionalTime("last_used_at")
        revokedAt = try row.optionalTime("revoked_at")
    }
}
