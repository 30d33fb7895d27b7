/// What an attempt saved of its work, for the next attempt at the same job to go on from.
public struct Checkpoint: Hashable, Codable, Sendable {
    /// The saved files, packed, with paths relative to the checkout.
    public var artifact: ArtifactReference
    /// The number of the attempt that saved it, from 1.
    public var attempt: Int
    /// When the server had all of it.
    public var savedAt: Timestamp

    /// Describes what was saved.
    public init(artifact: ArtifactReference, attempt: Int, savedAt: Timestamp) {
        self.artifact = artifact
        self.attempt = attempt
        self.savedAt = savedAt
    }
}
