import PipelineModel

/// Where a delivery is on its way to a pipeline.
public enum DeliveryState: String, Codable, Sendable, CaseIterable {
    /// On disk; what it means is still to be worked out.
    case stored
    /// It became a pipeline, or did what its event asks for.
    case planned
    /// Its event asks for nothing here.
    case ignored
    /// Its event could not be worked out. A repetition of it runs again.
    case failed
    /// It repeats another.
    case duplicate
}

/// How a delivery came to be here. It decides how its body is read, so that nothing a request says can change it.
public enum DeliveryOrigin: String, Codable, Sendable, CaseIterable {
    /// A forge sent it to a hook.
    case received
    /// The server found out what no forge had told: its body is an event in Pawl's own words.
    case recovered
}

/// A webhook request that was verified and is to be stored.
public struct NewDelivery: Sendable {
    /// The name of the forge's section in the settings.
    public var forge: String
    /// The hook it came in by; nil for one that was fetched from the forge or made by a person.
    public var hook: HookID?
    /// The forge's word for the event, from its header.
    public var event: String
    /// The forge's own name for the delivery, the same when it repeats it; nil where it gives none.
    public var key: String?
    /// The forge's number of the repository it speaks for; nil where it speaks for none.
    public var remoteID: Int64?
    /// The full ref it is about, by which deliveries are kept in order; nil where it is about none.
    public var ref: String?
    /// The request's headers without credentials and signatures.
    public var headers: [String: String]
    /// The raw body.
    public var body: [UInt8]
    /// What it says about where a branch or tag stands; nil where it is about something else.
    public var move: HeadMove?

    /// Describes a request.
    public init(
        forge: String, hook: HookID? = nil, event: String, key: String? = nil, remoteID: Int64? = nil,
        headers: [String: String] = [:], body: [UInt8]
    ) {
        self.forge = forge
        self.hook = hook
        self.event = event
        self.key = key
        self.remoteID = remoteID
        self.headers = headers
        self.body = body
    }
}

/// A webhook request as it is kept.
public struct Delivery: Hashable, Sendable {
    /// Pawl's number for it.
    public var id: DeliveryID
    /// How it came to be here.
    public var origin: DeliveryOrigin
    /// The name of the forge's section in the settings.
    public var forge: String
    /// The hook it came in by.
    public var hook: HookID?
    /// The forge's word for the event.
    public var event: String
    /// The forge's own name for the delivery.
    public var key: String?
    /// The forge's number of the repository it speaks for.
    public var remoteID: Int64?
    /// The request's headers.
    public var headers: [String: String]
    /// The raw body's size.
    public var size: ByteCount
    /// When it came.
    public var receivedAt: Timestamp
    /// When a person last asked to run it again; nil where nobody did.
    public var replayedAt: Timestamp?
    /// Where it is.
    public var state: DeliveryState
    /// Why it is there, in words.
    public var reason: String?
    /// How often it was tried.
    public var tries: Int
    /// Before when it is not tried again.
    public var nextTryAt: Timestamp?
    /// When nothing more happens to it.
    public var finishedAt: Timestamp?
    /// What it became.
    public var pipeline: PipelineID?
}

/// How the intake of a delivery ends.
public enum DeliveryOutcome: Hashable, Sendable {
    /// Its event did what it asks for without a pipeline of its own, such as cancelling those of a deleted branch.
    case planned(String)
    /// Its event asks for nothing here; why, in words.
    case ignored(String)
    /// Its event could not be worked out, and trying again does not help; why, in words.
    case failed(String)
}
