import PipelineModel

/// Where a message owed to a forge is.
public enum MessageState: String, Codable, Sendable, CaseIterable {
    /// To be sent.
    case owed
    /// The forge has it.
    case sent
    /// A newer one for the same context made it needless.
    case superseded
    /// The forge did not take it, and it is not tried any more unless a person asks for it.
    case failed
}

/// What waits with a message that could not be sent.
public enum RetryScope: Sendable {
    /// The message alone: what is wrong is in it.
    case message
    /// Everything owed for its commit.
    case commit
}

/// What forges are owed, as a person sees it who asks whether all is well.
public struct OutboxBacklog: Hashable, Sendable {
    /// Messages of one kind.
    public struct Pile: Hashable, Sendable {
        /// How many.
        public var count: Int
        /// When the oldest was caused; nil where there is none.
        public var since: Timestamp?
        /// Why the newest try among them failed, where one has.
        public var lastError: String?
    }

    /// Still to be sent.
    public var owed: Pile
    /// Given up, with no newer one for the same context.
    public var failed: Pile
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
    /// Since when the forge says that the message itself is wrong; nil where it has not said so.
    public var refusedSince: Timestamp?
    /// The forge's number for where it keeps the statuses of this commit and ref, as far as it has told.
    public var statusGroup: Int64?
    /// When it was caused.
    public var createdAt: Timestamp
    /// When the forge took it, or it was given up.
    public var finishedAt: Timestamp?
}
