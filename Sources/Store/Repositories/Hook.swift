import PipelineModel

/// Names a hook in Pawl's own database.
public struct HookID: RowIdentifier {
    /// The row's number.
    public let rawValue: Int64
    /// Wraps a row's number.
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// One webhook of a forge. It may speak for the repositories it is bound to, by the forge's numbers, and no others.
public struct Hook: Hashable, Sendable {
    /// Pawl's number for it.
    public var id: HookID
    /// The name of the forge's section in the settings.
    public var forge: String
    /// The last segment of its address, unique within the forge.
    public var name: String
    /// The sealed secret that signs deliveries now.
    public var sealedSecret: [UInt8]
    /// The sealed secret from before a rotation, still accepted; nil when there is none.
    public var previousSealedSecret: [UInt8]?
    /// Whether a delivery has come that the newest secret proves. Until then the forge may still use the one before.
    public var isProved: Bool
    /// The forge's numbers of the repositories it may speak for.
    public var remoteIDs: Set<Int64>
    /// The forge's own number for it, by which the forge is asked what it sent; nil where a person made the hook.
    public var remoteHookID: Int64?
    /// Up to when the forge has been asked what it sent.
    public var askedAt: Timestamp?
    /// When it was added.
    public var createdAt: Timestamp
}
