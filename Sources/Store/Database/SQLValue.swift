import PipelineModel

/// A value that goes into a statement or comes out of a row.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// What can stand for a `$n` in a statement.
protocol SQLBindable {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLBindable {
    var sqlValue: SQLValue { self }
}

extension Int64: SQLBindable {
    var sqlValue: SQLValue { .integer(self) }
}

extension Int: SQLBindable {
    var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Bool: SQLBindable {
    var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLBindable {
    var sqlValue: SQLValue { .text(self) }
}

extension [UInt8]: SQLBindable {
    var sqlValue: SQLValue { .blob(self) }
}

extension ByteCount: SQLBindable {
    var sqlValue: SQLValue { .integer(bytes) }
}

extension Timestamp: SQLBindable {
    var sqlValue: SQLValue { .integer(milliseconds) }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
    var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

extension SQLBindable where Self: RowIdentifier {
    var sqlValue: SQLValue { .integer(rawValue) }
}

extension RepositoryID: SQLBindable {}
extension DeliveryID: SQLBindable {}
extension PipelineID: SQLBindable {}
extension JobID: SQLBindable {}
extension AttemptID: SQLBindable {}
extension MessageID: SQLBindable {}
extension HookID: SQLBindable {}
extension TokenID: SQLBindable {}
extension RunnerID: SQLBindable {}

extension SQLBindable where Self: RawRepresentable<String> {
    var sqlValue: SQLValue { .text(rawValue) }
}

extension JobState: SQLBindable {}
extension PipelineState: SQLBindable {}
extension AttemptState: SQLBindable {}
extension DeliveryState: SQLBindable {}
extension DeliveryOrigin: SQLBindable {}
extension MessageState: SQLBindable {}
extension PipelineSource: SQLBindable {}
extension TokenScope: SQLBindable {}
