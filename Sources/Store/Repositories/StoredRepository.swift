import PipelineModel

/// A repository that Pawl works for.
public struct StoredRepository: Hashable, Sendable {
    /// Pawl's number for it.
    public var id: RepositoryID
    /// What the forge calls it and where git fetches it.
    public var reference: RepositoryReference
    /// What a person has set for it.
    public var settings: RepositorySettings
    /// When it was added.
    public var createdAt: Timestamp
}
