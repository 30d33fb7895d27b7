import PipelineModel

extension Store {
    /// Writes down what a person did. Cancelling, playing, approving and retrying write themselves.
    public func record(_ entry: AuditEntry) async throws {
        try await database.write { connection in try entry.insert(on: connection) }
    }

    /// What people did, the newest first; only one kind of it where it is named.
    public func auditEntries(of action: String? = nil, limit: Int = 100) async throws -> [AuditEntry] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT id, at, actor, action, subject, detail FROM audit
                WHERE $2 = '' OR action = $2 ORDER BY id DESC LIMIT $1
                """, limit, action ?? ""
            ).map { row in
                AuditEntry(
                    at: try row.time("at"), by: try row.text("actor"), action: try row.text("action"),
                    subject: try row.text("subject"), detail: try row.optionalText("detail"))
            }
        }
    }
}

extension AuditEntry {
    /// Writes it down in the transaction of what it tells of.
    func insert(on connection: any DatabaseConnection) throws {
        try connection.execute(
            "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
            at, by, action, subject, detail)
    }
}
