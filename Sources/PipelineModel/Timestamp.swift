/// A moment by the wall clock: whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Stored in the database as an integer and passed in as `now:`, so that expiry is a test and not a wait. Leases are
/// kept by the monotonic clock on a runner; this is what both ends write down.
public struct Timestamp: Hashable, Comparable, Codable, Sendable {
    /// Milliseconds since 1970, UTC.
    public let milliseconds: Int64

    /// Makes a moment from milliseconds since 1970, UTC.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads the bare number of milliseconds.
    public init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the bare number of milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    /// The earlier of two comes first.
    public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment a duration later.
    public static func + (moment: Self, duration: Duration) -> Self {
        Self(milliseconds: moment.milliseconds + duration.wholeMilliseconds)
    }

    /// The moment a duration earlier.
    public static func - (moment: Self, duration: Duration) -> Self {
        Self(milliseconds: moment.milliseconds - duration.wholeMilliseconds)
    }

    /// The time from the right moment to the left one.
    public static func - (left: Self, right: Self) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }
}

extension Duration {
    /// The duration in milliseconds, cut towards zero.
    public var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds, cut towards zero.
    public var wholeSeconds: Int64 { components.seconds }

    /// A duration of whole minutes.
    public static func minutes(_ count: Int64) -> Duration { .seconds(count * 60) }

    /// A duration of whole hours.
    public static func hours(_ count: Int64) -> Duration { .seconds(count * 3_600) }

    /// A duration of whole days of 24 hours.
    public static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }
}
