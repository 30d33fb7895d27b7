import PipelineModel

/// How long to wait before trying again what a forge did not take: twice as long each time, up to a bound, with jitter.
public struct RetryPace: Sendable {
    /// The wait after the first try.
    public var first: Duration
    /// The longest wait.
    public var longest: Duration
    /// How long a message is tried that the forge says is wrong. Some of those pass later, as when a commit has not
    /// reached all of a forge's servers yet.
    public var patience: Duration
    /// How long to wait for a signal before looking without one.
    public var sweep: Duration
    /// A number from 0 to 1, so that not everybody comes back at once.
    public var jitter: @Sendable () -> Double

    /// Waits from one second to five minutes, and gives up after hours what the forge says is wrong.
    public init(
        first: Duration = .seconds(1), longest: Duration = .minutes(5), patience: Duration = .hours(6),
        sweep: Duration = .seconds(30), jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.first = first
        self.longest = longest
        self.patience = patience
        self.sweep = sweep
        self.jitter = jitter
    }

    /// The wait after that many tries: the full time less up to a half.
    func delay(afterTries tries: Int) -> Duration {
        let full = min(first * (1 << min(max(tries, 0), 20)), longest)
        return full * (1 - jitter() / 2)
    }
}
