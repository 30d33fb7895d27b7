import PipelineModel

/// A step from one version of the schema to the next. Steps are numbered and only ever added to.
struct Migration: Sendable {
    /// The version the database has afterwards.
    var number: Int
    /// The statements, in order.
    var statements: @Sendable (SQLDialect) -> [String]

    /// Every step, oldest first.
    static let all: [Migration] = [
        .first, .heads, .order, .answers, .runners, .usage, .unserved, .reports, .verdicts, .commands, .findings,
        .examples, .proofs, .dotenv,
    ]

    /// Takes a database to the newest version, or as far as the steps given go, each in a transaction of its own.
    /// - Throws: `StoreError.newerSchema` where the database is ahead of this program. Nothing is changed then.
    static func migrate(_ database: SQLiteDatabase, steps: [Migration] = all, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL)")
        }
        let current = try await version(of: database)
        let newest = all.last?.number ?? 0
        guard current <= newest else {
            throw StoreError(
                .newerSchema,
                message: "The database has schema version \(current); this Pawl knows up to \(newest). "
                    + "Install the Pawl that wrote it, or restore a backup made by this one.")
        }
        for step in steps where step.number > current {
            try await database.write { connection in
                for statement in step.statements(connection.dialect) { try connection.execute(statement) }
                try connection.execute(
                    "INSERT INTO schema_version (number, applied_at) VALUES ($1, $2)", step.number, now)
            }
        }
    }

    /// The version a database has; 0 where it is new.
    static func version(of database: SQLiteDatabase) async throws -> Int {
        try await database.read { connection in
            try connection.row("SELECT coalesce(max(number), 0) AS number FROM schema_version")?.int("number") ?? 0
        }
    }
}
