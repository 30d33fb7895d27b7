/// A transaction on a database, lent to a closure for as long as it lasts.
///
/// Statements are written once for every database, with `$1`, `$2` … bound by their numbers, in any order and any number
/// of times. What databases spell differently is in `dialect`. A connection is used by one thread.
protocol DatabaseConnection {
    /// How this database spells what databases spell differently.
    var dialect: SQLDialect { get }

    /// Carries out a statement, and gives the rows it returns: `SELECT`, or `… RETURNING`.
    /// - Throws: `StoreError.unavailable` where the database cannot do it now.
    func rows(_ sql: String, _ values: [any SQLBindable]) throws -> [SQLRow]

    /// Carries out a statement that returns no rows.
    /// - Returns: how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ values: [any SQLBindable]) throws -> Int
}

extension DatabaseConnection {
    /// The rows that a statement returns.
    func rows(_ sql: String, _ values: any SQLBindable...) throws -> [SQLRow] { try rows(sql, values) }

    /// The first row that a statement returns.
    func row(_ sql: String, _ values: any SQLBindable...) throws -> SQLRow? { try rows(sql, values).first }

    /// How many rows a statement changed.
    @discardableResult
    func execute(_ sql: String, _ values: any SQLBindable...) throws -> Int { try execute(sql, values) }

    /// The number that an `INSERT … RETURNING id` gave its row.
    func insert(_ sql: String, _ values: any SQLBindable...) throws -> Int64 {
        guard let row = try rows(sql, values).first else {
            throw StoreError(.corrupt, message: "An insert gave no row. Report this with the database's version.")
        }
        return try row.integer("id")
    }
}

/// What databases spell differently, by name.
struct SQLDialect: Sendable {
    /// A table's own number, given by the database, never used twice.
    var rowNumber: String
    /// The type of raw bytes.
    var bytes: String

    /// The texts of a JSON array, as a table of one column, around the placeholder that holds it.
    var textsOfJSON: @Sendable (_ placeholder: String) -> String

    /// The numbers of a JSON array, as a table of one column, around the placeholder that holds it.
    var numbersOfJSON: @Sendable (_ placeholder: String) -> String

    /// SQLite's words. `AUTOINCREMENT` keeps it from giving a deleted row's number again.
    static let sqlite = SQLDialect(
        rowNumber: "INTEGER PRIMARY KEY AUTOINCREMENT", bytes: "BLOB",
        textsOfJSON: { "(SELECT value FROM json_each(\($0)))" },
        numbersOfJSON: { "(SELECT value FROM json_each(\($0)))" })
}
