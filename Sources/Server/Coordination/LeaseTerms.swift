/// How long a runner may keep a job without being heard of, and how often the server looks.
public struct LeaseTerms: Sendable {
    /// How long a lease holds after it was acknowledged or renewed. A runner renews it after a third of it.
    public var lease: Duration
    /// How long a lease holds that was not acknowledged yet: nothing has started, and the answer may be lost.
    public var handOut: Duration
    /// The shortest time between two looks for lost leases; no signal tells of them.
    public var rescueEvery: Duration
    /// How long a claim waits for a signal before it looks again by itself.
    public var sweepEvery: Duration

    /// Terms: a minute's lease by default, looked for every five seconds at most.
    public init(
        lease: Duration = .seconds(60), handOut: Duration = .seconds(20), rescueEvery: Duration = .seconds(5),
        sweepEvery: Duration = .seconds(30)
    ) {
        self.lease = lease
        self.handOut = handOut
        self.rescueEvery = rescueEvery
        self.sweepEvery = sweepEvery
    }
}
