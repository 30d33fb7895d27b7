import PipelineModel

/// Names a token in Pawl's own database.
public struct TokenID: RowIdentifier {
    /// The row's number.
    public let rawValue: Int64
    /// Wraps a row's number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// What the holder of a token may do. Each scope includes those before it.
public enum TokenScope: String, Codable, Sendable, CaseIterable, Comparable {
    /// Look.
    case read
    /// Run, retry, play, cancel, approve.
    case run
    /// Add repositories, hooks, secrets, tokens; take backups.
    case admin

    /// The lesser scope comes first.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .run: 1
        case .admin: 2
        }
    }
}

/// A token as it is kept: by its hash, never by its text.
public struct Token: Hashable, Sendable {
    /// Pawl's number for it.
    public var id: TokenID
    /// The name people gave it.
    public var name: String
    /// What its holder may do.
    public var scope: TokenScope
    /// When it was made.
    public var createdAt: Timestamp
    /// When it was last used, to the minute; nil when never.
    public var lastUsedAt: Timestamp?
    /// When it was revoked; nil while it is good.
    public var revokedAt: Timestamp?
}
