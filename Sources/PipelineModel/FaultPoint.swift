/// A moment at which a crash would be most telling: right after something became durable and before anything follows.
///
/// Tests end the process at each of them and then look whether anything was lost or doubled.
public enum FaultPoint: String, Sendable, CaseIterable {
    /// A delivery is on disk; the sender has no answer yet.
    case deliveryCommitted = "delivery_committed"
    /// A pipeline, its jobs and its owed statuses are on disk; nobody was told.
    case planned
    /// A job is handed out; its runner does not know yet.
    case claimed
    /// A hand-out is acknowledged; nothing has started.
    case acknowledged
    /// A job's container runs; nobody has noted it.
    case containerStarted = "container_started"
    /// A result is on the runner's disk; the server has not got it.
    case resultSpooled = "result_spooled"
    /// An attempt's end is on disk; its runner has no answer yet.
    case resultRecorded = "result_recorded"
    /// A forge has a status; the outbox does not say so yet.
    case outboxSent = "outbox_sent"
}

/// What to do when a fault point is reached: nothing, but for tests, which end the process there.
public struct FaultInjector: Sendable {
    private let action: (@Sendable (FaultPoint) -> Void)?

    /// Does nothing at any point.
    public static let none = FaultInjector()

    private init() { action = nil }

    /// Calls `action` at every point that is reached.
    public init(_ action: @escaping @Sendable (FaultPoint) -> Void) { self.action = action }

    /// Says that a point is reached.
    public func reach(_ point: FaultPoint) { action?(point) }
}
