import PipelineModel

/// Until when a lease holds, by the machine's monotonic clock, and what follows from that.
struct LeaseTerm: Hashable, Sendable {
    /// How long it holds from each renewal.
    var length: Duration
    /// When it has ended if it is not renewed.
    var end: Duration

    /// From when on its container is being ended, if it is not renewed. Containers need a moment to be ended.
    var lastCall: Duration { end - max(length / 6, .seconds(3)) }

    /// From when on the guard ends its container though the runner lives: a runner that is not standing still has begun
    /// with it.
    var lastChance: Duration { end - max(length / 12, .seconds(2)) }
}
