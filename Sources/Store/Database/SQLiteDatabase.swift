import Foundation
import GRDB

/// The embedded database: one writer, several readers, every commit on disk before it is answered.
final class SQLiteDatabase: Sendable {
    private let pool: DatabasePool

    /// Opens or makes the file, in WAL mode with `synchronous=FULL`.
    init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 4
        configuration.label = "pawl"
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // The pool's own set-up of WAL sets this to NORMAL, under which the last commits may be lost with the power.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw Self.translated(error, doing: "open \(path)")
        }
    }

    /// Closes the file. Fails while a statement runs.
    func close() throws { try pool.close() }

    /// Runs the closure in a transaction that is on disk when this returns, or rolled back when it throws.
    ///
    /// Writers take turns. The caller's cancellation does not reach it: what has begun is finished.
    @discardableResult
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { database in
                continuation.resume(
                    with: Swift.Result {
                        try Self.translating("write to the database") {
                            var result: Result?
                            try database.inTransaction(.immediate) {
                                result = try body(SQLiteConnection(database: database))
                                return .commit
                            }
                            guard let result else {
                                throw StoreError(.unavailable, message: "The transaction did not run. Try again.")
                            }
                            return result
                        }
                    })
            }
        }
    }

    /// Runs the closure on one unchanging state of the database.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any DatabaseConnection) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { database in
                continuation.resume(
                    with: Swift.Result {
                        try Self.translating("read the database") {
                            try body(SQLiteConnection(database: try database.get()))
                        }
                    })
            }
        }
    }

    /// Copies the whole database, as it is at one moment, into a new file, while others go on reading and writing.
    func backup(to path: String) throws {
        try Self.translating("back up to \(path)") {
            let copy = try DatabaseQueue(path: path)
            try pool.backup(to: copy)
            try copy.close()
        }
    }

    /// What SQLite thinks of a file, and which schema version it has; nil where it says neither. Nothing is changed.
    static func check(_ path: String) throws -> (verdict: String?, version: Int?) {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read { database in
            (
                try String.fetchOne(database, sql: "PRAGMA integrity_check"),
                try Int.fetchOne(database, sql: "SELECT max(number) FROM schema_version")
            )
        }
    }

    /// The writer's `synchronous` setting: 2 is FULL.
    func synchronousSetting() async throws -> Int64 {
        let rows = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int64?, any Error>) in
            pool.asyncWriteWithoutTransaction { database in
                continuation.resume(
                    with: Swift.Result { try Int64.fetchOne(database, sql: "PRAGMA synchronous") })
            }
        }
        return rows ?? -1
    }

    private static func translating<Result>(_ doing: String, _ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw translated(error, doing: doing) }
    }

    /// Our own errors pass; the database's become ours, with what a person can do.
    private static func translated(_ error: any Error, doing: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let advice: String
        switch error.resultCode {
        case .SQLITE_FULL: advice = "The disk is full. Free some space; nothing was lost."
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            advice = "Check who owns the data folder and whether its disk is writable."
        case .SQLITE_BUSY, .SQLITE_LOCKED: advice = "Another program has locked it. Try again."
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return StoreError(
                .damaged, message: "Cannot \(doing): the file is damaged. Restore a backup with `pawl restore`.",
                cause: error)
        case .SQLITE_CONSTRAINT:
            return StoreError(.invalid, message: "Cannot \(doing): a rule of the database forbids it.", cause: error)
        default: advice = "Look at the data folder's disk."
        }
        return StoreError(.unavailable, message: "Cannot \(doing). \(advice)", cause: error)
    }
}

/// A transaction on SQLite.
private struct SQLiteConnection: DatabaseConnection {
    let database: Database

    var dialect: SQLDialect { .sqlite }

    func rows(_ sql: String, _ values: [any SQLBindable]) throws -> [SQLRow] {
        let statement = try database.cachedStatement(sql: sql)
        return try Row.fetchAll(statement, arguments: arguments(values)).map { row in
            var columns: [String: SQLValue] = [:]
            columns.reserveCapacity(row.count)
            for (name, value) in row {
                switch value.storage {
                case .null: columns[name] = .null
                case .int64(let number): columns[name] = .integer(number)
                case .double(let number): columns[name] = .text(String(number))
                case .string(let text): columns[name] = .text(text)
                case .blob(let data): columns[name] = .blob([UInt8](data))
                }
            }
            return SQLRow(columns)
        }
    }

    func execute(_ sql: String, _ values: [any SQLBindable]) throws -> Int {
        let statement = try database.cachedStatement(sql: sql)
        try statement.execute(arguments: arguments(values))
        return database.changesCount
    }

    /// `$1` is a parameter with a name to SQLite: bound by position, `$2` before `$1` would be swapped.
    private func arguments(_ values: [any SQLBindable]) -> StatementArguments {
        var named: [String: (any DatabaseValueConvertible)?] = [:]
        for (index, value) in values.enumerated() {
            let bound: (any DatabaseValueConvertible)? =
                switch value.sqlValue {
                case .null: nil
                case .integer(let number): number
                case .text(let text): text
                case .blob(let bytes): Data(bytes)
                }
            named[String(index + 1)] = .some(bound)
        }
        return StatementArguments(named)
    }
}
