import PipelineModel

/// Where a message owed to a forge is.
public enum MessageState: String, Codable, Sendable, CaseIterable {
    /// To be sent.
    case owed
    /// The forge has it.
    case sent
    /// A newer one for the same context made it needless.
    case superseded
    /// The forge will never take it.
    case failed
}

/// A status that a forge is owed, written in the transaction that caused it.
public struct OwedMessage: Hashable, Sendable {
    /// Its number, in the order of causes.
    public var id: MessageID
    /// The pipeline it tells of.
    public var pipeline: PipelineID
    /// The repository whose forge is owed.
    public var repository: RepositoryReference
    /// What the forge is told.
    public var status: CommitStatus
    /// Where it is.
    public var state: MessageState
    /// How often it was tried.
    public var tries: Int
    /// Before when it is not tried.
    public var nextTryAt: Timestamp
    /// Why the last try failed.
    public var lastError: String?
    /// When it was caused.
    public var createdAt: Timestamp
    /// When the forge took it, or it was given up.
    public var finishedAt: Timestamp?
}
