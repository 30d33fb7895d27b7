import Glibc
import PipelineModel

/// The times a runner goes by: a monotonic one for leases and limits, and the wall's for what is written down.
public struct RunnerClock: Sendable {
    /// The time since the machine was started, never set back: the same for all of its processes. It goes on while the
    /// machine sleeps, as leases do.
    public var now: @Sendable () -> Duration
    /// Waits until that time has come.
    /// - Throws: `CancellationError`.
    public var sleep: @Sendable (_ until: Duration) async throws -> Void
    /// The time of day.
    public var wall: @Sendable () -> Timestamp

    /// A clock made of its parts.
    public init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (Duration) async throws -> Void,
        wall: @escaping @Sendable () -> Timestamp
    ) {
        self.now = now
        self.sleep = sleep
        self.wall = wall
    }

    /// The machine's clocks.
    public static let system: RunnerClock = {
        let sinceBoot: @Sendable () -> Duration = {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        return RunnerClock(
            now: sinceBoot,
            sleep: { try await ContinuousClock().sleep(for: max(.zero, $0 - sinceBoot())) },
            wall: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
            })
    }()

    /// Waits for a duration.
    func pause(_ duration: Duration) async throws { try await sleep(now() + duration) }
}

/// How long to wait before trying again: twice as long each time, up to a limit, and by chance up to a half less, so
/// that many do not come back at once.
struct BackOff {
    private var next: Duration
    private let limit: Duration

    init(from first: Duration = .milliseconds(250), to limit: Duration = .seconds(30)) {
        next = first
        self.limit = limit
    }

    mutating func delay() -> Duration {
        defer { next = min(next * 2, limit) }
        return next * Double.random(in: 0.5...1)
    }
}
