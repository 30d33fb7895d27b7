import FoundationEssentials
import PipelineModel

/// A row that a statement returned. What it holds is not trusted: a wrong type is an error that names the column.
struct SQLRow: Sendable {
    private let values: [String: SQLValue]

    /// Takes the columns by name.
    init(_ values: [String: SQLValue]) { self.values = values }

    /// A whole number that must be there.
    func integer(_ column: String) throws -> Int64 {
        guard case .integer(let value) = values[column] else { throw unexpected(column, wanted: "a whole number") }
        return value
    }

    /// A whole number, or nil where the column is null.
    func optionalInteger(_ column: String) throws -> Int64? {
        try isNull(column) ? nil : integer(column)
    }

    /// A whole number that must be there and fit.
    func int(_ column: String) throws -> Int {
        guard let value = Int(exactly: try integer(column)) else { throw unexpected(column, wanted: "a number") }
        return value
    }

    /// A truth value, kept as 0 and 1.
    func bool(_ column: String) throws -> Bool { try integer(column) != 0 }

    /// A text that must be there.
    func text(_ column: String) throws -> String {
        guard case .text(let value) = values[column] else { throw unexpected(column, wanted: "a text") }
        return value
    }

    /// A text, or nil where the column is null.
    func optionalText(_ column: String) throws -> String? { try isNull(column) ? nil : text(column) }

    /// Raw bytes that must be there.
    func bytes(_ column: String) throws -> [UInt8] {
        guard case .blob(let value) = values[column] else { throw unexpected(column, wanted: "bytes") }
        return value
    }

    /// Raw bytes, or nil where the column is null.
    func optionalBytes(_ column: String) throws -> [UInt8]? { try isNull(column) ? nil : bytes(column) }

    /// A moment that must be there.
    func time(_ column: String) throws -> Timestamp { Timestamp(milliseconds: try integer(column)) }

    /// A moment, or nil where the column is null.
    func optionalTime(_ column: String) throws -> Timestamp? {
        try optionalInteger(column).map(Timestamp.init(milliseconds:))
    }

    /// A row's number that must be there.
    func id<ID: RowIdentifier>(_ column: String, _: ID.Type = ID.self) throws -> ID {
        ID(rawValue: try integer(column))
    }

    /// A row's number, or nil where the column is null.
    func optionalID<ID: RowIdentifier>(_ column: String, _: ID.Type = ID.self) throws -> ID? {
        try optionalInteger(column).map(ID.init(rawValue:))
    }

    /// One of an enum's words.
    func word<Word: RawRepresentable<String>>(_ column: String, _: Word.Type = Word.self) throws -> Word {
        let text = try text(column)
        guard let word = Word(rawValue: text) else {
            throw StoreError(
                .corrupt,
                message: "\(place(column)) holds “\(text.prefix(40))”, which this version of Pawl does not know. "
                    + "Was the database written by a newer one?")
        }
        return word
    }

    /// A value kept as JSON.
    func json<Value: Decodable>(_ column: String, _: Value.Type = Value.self) throws -> Value {
        let text = try text(column)
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw StoreError(
                .corrupt,
                message: "\(place(column)) does not hold a readable \(Value.self). "
                    + "Restore it from a backup, or run the event again with `pawl deliveries --replay`.",
                cause: error)
        }
    }

    /// A value kept as JSON, or nil where the column is null.
    func optionalJSON<Value: Decodable>(_ column: String, _: Value.Type = Value.self) throws -> Value? {
        try isNull(column) ? nil : json(column)
    }

    private func isNull(_ column: String) throws -> Bool {
        guard let value = values[column] else { throw unexpected(column, wanted: "a column") }
        return value == .null
    }

    /// Which row it is, as far as the columns tell: statements name their table in a column `row_table`.
    private func place(_ column: String) -> String {
        var name = "The column “\(column)”"
        if case .text(let table) = values["row_table"] { name += " of \(table)" }
        if case .integer(let id) = values["id"] { name += " \(id)" }
        return name
    }

    private func unexpected(_ column: String, wanted: String) -> StoreError {
        StoreError(
            .corrupt,
            message: "\(place(column)) does not hold \(wanted). Check the database with `pawl doctor`, "
                + "and restore it from a backup if it is damaged.")
    }
}

/// A value as JSON for a column, with its keys in a fixed order.
func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
        throw StoreError(.invalid, message: "A value of type \(type(of: value)) cannot be stored.", cause: error)
    }
}
