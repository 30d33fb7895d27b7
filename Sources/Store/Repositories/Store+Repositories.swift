import PipelineModel

extension Store {
    /// Adds a repository, or takes over what the forge now says of one that is there. Settings are kept then.
    public func addRepository(
        _ reference: RepositoryReference, settings: RepositorySettings = RepositorySettings(), now: Timestamp
    ) async throws -> StoredRepository {
        let added = try await database.write { connection in
            let row = try connection.row(
                """
                INSERT INTO repository (forge, remote_id, name, clone_url, default_branch, settings, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (forge, remote_id) DO UPDATE
                SET name = excluded.name, clone_url = excluded.clone_url, default_branch = excluded.default_branch
                RETURNING \(StoredRepository.columns)
                """,
                reference.forge, reference.remoteID, reference.name, reference.cloneURL, reference.defaultBranch,
                try jsonText(settings), now)
            guard let row else { throw StoreError(.corrupt, message: "\(reference.name) was not stored.") }
            return try StoredRepository(row: row)
        }
        repositoryAdded.give()
        return added
    }

    /// The repository of that number.
    public func repository(_ id: RepositoryID) async throws -> StoredRepository? {
        try await database.read { connection in
            try connection.row("SELECT \(StoredRepository.columns) FROM repository WHERE id = $1", id)
                .map(StoredRepository.init(row:))
        }
    }

    /// The repository that a forge knows by that number.
    public func repository(forge: String, remoteID: Int64) async throws -> StoredRepository? {
        try await database.read { connection in
            try connection.row(
                "SELECT \(StoredRepository.columns) FROM repository WHERE forge = $1 AND remote_id = $2",
                forge, remoteID
            ).map(StoredRepository.init(row:))
        }
    }

    /// Every repository, by name.
    public func repositories() async throws -> [StoredRepository] {
        try await database.read { connection in
            try connection.rows("SELECT \(StoredRepository.columns) FROM repository ORDER BY name, id")
                .map(StoredRepository.init(row:))
        }
    }

    /// The repositories that people may mean by a name: `ml/churn`, or its last part where no other has it.
    public func repositories(named name: String) async throws -> [StoredRepository] {
        let all = try await repositories()
        let exact = all.filter { $0.reference.name == name }
        return exact.isEmpty ? all.filter { $0.reference.name.hasSuffix("/" + name) } : exact
    }

    /// Sets what a person wishes for a repository, and writes down who it was where that is given.
    public func setSettings(
        _ settings: RepositorySettings, of id: RepositoryID, audit: AuditEntry? = nil
    ) async throws {
        try await database.write { connection in
            let changed = try connection.execute(
                "UPDATE repository SET settings = $2 WHERE id = $1", id, try jsonText(settings))
            guard changed > 0 else { throw StoreError(.notFound, message: "There is no repository \(id).") }
            try audit?.insert(on: connection)
        }
        // More jobs may run at once now, or more GPU time be used.
        readyJobs.give()
    }
}

extension StoredRepository {
    static let columns = """
        'repository' AS row_table, id, forge, remote_id, name, clone_url, default_branch, settings, created_at
        """

    init(row: SQLRow) throws {
        id = try row.id("id")
        reference = try RepositoryReference(row: row)
        settings = try row.json("settings")
        createdAt = try row.time("created_at")
    }

    /// The repository that another row names.
    static func find(_ id: RepositoryID, on connection: any DatabaseConnection) throws -> StoredRepository {
        guard let row = try connection.row("SELECT \(columns) FROM repository WHERE id = $1", id) else {
            throw StoreError(.corrupt, message: "Repository \(id) is named by a pipeline and is not there.")
        }
        return try StoredRepository(row: row)
    }
}

extension RepositoryReference {
    init(row: SQLRow) throws {
        self.init(
            forge: try row.text("forge"), remoteID: try row.integer("remote_id"), name: try row.text("name"),
            cloneURL: try row.text("clone_url"), defaultBranch: try row.text("default_branch"))
    }
}
