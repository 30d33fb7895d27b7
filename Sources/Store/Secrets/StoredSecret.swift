import PipelineModel

/// A secret of a repository, sealed.
public struct StoredSecret: Hashable, Sendable {
    /// Its name, kind and scope.
    public var description: SecretDescription
    /// The sealed value. Only who holds the sealing key can open it.
    public var sealed: [UInt8]
    /// When it was last set.
    public var setAt: Timestamp
}
