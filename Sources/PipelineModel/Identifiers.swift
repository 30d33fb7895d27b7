/// A row's number, in a type of its own, so that a job's cannot be passed where a pipeline's is meant.
public protocol RowIdentifier: RawRepresentable<Int64>, Hashable, Comparable, Codable, Sendable,
    CustomStringConvertible, ExpressibleByIntegerLiteral
{
    init(rawValue: Int64)
}

extension RowIdentifier {
    /// The number alone.
    public var description: String { String(rawValue) }

    /// Wraps a literal.
    public init(integerLiteral value: Int64) { self.init(rawValue: value) }

    /// Orders by number, which is the order of creation.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Reads the bare number.
    public init(from decoder: any Decoder) throws {
        self.init(rawValue: try decoder.singleValueContainer().decode(Int64.self))
    }

    /// Writes the bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// Names a repository in Pawl's own database. A forge's number for it is `RepositoryReference.remoteID`.
public struct RepositoryID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a delivery; shown to people as `d1`.
public struct DeliveryID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a pipeline; shown to people as `#1`, and as `1` in `1/train`.
public struct PipelineID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a job over all pipelines. People name a job `128/train`.
public struct JobID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names an attempt over all jobs. Within its job it has a number, from 1.
public struct AttemptID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a runner in the server's database. People know it by its name.
public struct RunnerID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// Names a message owed to a forge.
public struct MessageID: RowIdentifier {
    /// The number.
    public let rawValue: Int64
    /// Wraps a number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}
