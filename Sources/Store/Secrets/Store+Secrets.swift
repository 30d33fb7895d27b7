import PipelineModel

extension Store {
    /// Sets a repository's secret, or gives the one of that name and environment a new value and scope.
    public func setSecret(
        _ secret: SecretDescription, of repository: RepositoryID, sealed: [UInt8], now: Timestamp
    ) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                INSERT INTO secret (repository, name, kind, protected_only, environment, sealed, set_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (repository, name, environment) DO UPDATE
                SET kind = excluded.kind, protected_only = excluded.protected_only, sealed = excluded.sealed,
                    set_at = excluded.set_at
                """,
                repository, secret.name, secret.kind.rawValue, secret.protectedOnly, secret.environment ?? "", sealed,
                now)
        }
    }

    /// A repository's secrets, by name, sealed.
    public func secrets(of repository: RepositoryID) async throws -> [StoredSecret] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(StoredSecret.columns) FROM secret WHERE repository = $1 ORDER BY name, environment
                """, repository
            ).map(StoredSecret.init(row:))
        }
    }

    /// Removes a secret.
    /// - Returns: whether there was one.
    public func removeSecret(
        name: String, environment: String?, of repository: RepositoryID
    ) async throws -> Bool {
        try await database.write { connection in
            try connection.execute(
                "DELETE FROM secret WHERE repository = $1 AND name = $2 AND environment = $3",
                repository, name, environment ?? "") > 0
        }
    }

    /// The secrets that a job may see: those for every job and those for its environment, the latter winning where both
    /// have a name. A pipeline from a fork sees none.
    public func secrets(
        of repository: RepositoryID, for trust: PipelineTrust, environment: String?
    ) async throws -> [StoredSecret] {
        guard !trust.isFork else { return [] }
        let all = try await secrets(of: repository).filter { secret in
            let scope = secret.description
            return (trust.isProtected || !scope.protectedOnly)
                && (scope.environment == nil || scope.environment == environment)
        }
        return all.filter { secret in
            secret.description.environment != nil
                || !all.contains { $0.description.environment != nil && $0.description.name == secret.description.name }
        }
    }
}

extension StoredSecret {
    static let columns = "'secret' AS row_table, id, name, kind, protected_only, environment, sealed, set_at"

    init(row: SQLRow) throws {
        let environment = try row.text("environment")
        description = SecretDescription(
            name: try row.text("name"), kind: try row.word("kind"), protectedOnly: try row.bool("protected_only"),
            environment: environment.isEmpty ? nil : environment)
        sealed = try row.bytes("sealed")
        setAt = try row.time("set_at")
    }
}
