/// Says whether a job is tried again by itself after an attempt that failed, and when.
///
/// The pipeline file asks for further attempts after failures that it names. What failed on Pawl's side is tried again in
/// any case, after a rest, since nothing of the script was judged, and is counted by itself: it takes none of the
/// attempts that the file asks for. What a rule of the server forbids, what no runner can take, and a verdict are never
/// tried again: they would be the same.
public struct RetryRule: Hashable, Sendable {
    /// Whether a job rests before it is handed out again because of something on Pawl's side.
    public enum Rest: Sendable {
        /// It is as likely to go well at once, as when its runner ended and has started anew.
        case none
        /// What stood in its way needs a while.
        case backOff
    }

    /// What the pipeline file asks for.
    public var asked: PlannedJob.Retry

    /// The longest rest of a job whose attempts are given back; the first is a tenth of it.
    private static let longestRest = Duration.seconds(60)

    /// Takes what the pipeline file asks for.
    public init(_ asked: PlannedJob.Retry) { self.asked = asked }

    /// How long to wait before the next attempt; nil where there is none.
    /// - Parameter spent: how many attempts of this round have failed on the same side, the change's or Pawl's, the last
    ///   one among them.
    public func wait(after failure: Failure, spent: Int, rest: Rest = .backOff) -> Duration? {
        guard spent >= 1, spent <= furtherAttempts(after: failure) else { return nil }
        let rests = Self.rests(after: failure.class)
        guard !rests.isEmpty, rest == .backOff else { return .zero }
        return rests[min(spent, rests.count) - 1]
    }

    /// How long a job rests before each attempt that follows such a failure by itself; there are no more of those.
    private static func rests(after class: FailureClass) -> [Duration] {
        switch `class` {
        case .image, .lost, .system: [.seconds(5), .seconds(30)]
        // It moves to another device at once; where a second one fails, it may be the machines'.
        case .gpu: [.zero, .seconds(30)]
        case .script, .gate, .timeout, .noOutput, .outOfMemory, .outOfDisk, .cancelled, .policy, .noRunner: []
        }
    }

    /// How long a job rests whose attempts were given back unspent that often in a row: it must not stand before the
    /// others for ever.
    public static func wait(afterGivingBack times: Int) -> Duration {
        min(longestRest / 10 * (1 << min(max(times - 1, 0), 4)), longestRest)
    }

    /// How many attempts may follow the first in all, when one ends with this failure.
    private func furtherAttempts(after failure: Failure) -> Int {
        switch failure.class {
        case .policy, .noRunner, .gate, .cancelled: 0
        case .script, .timeout, .noOutput, .outOfMemory, .outOfDisk, .image, .gpu, .lost, .system:
            max(asked.covers(failure) ? asked.limit : 0, Self.rests(after: failure.class).count)
        }
    }
}
