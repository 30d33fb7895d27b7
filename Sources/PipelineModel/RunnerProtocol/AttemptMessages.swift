extension RunnerProtocol {
    /// The answer to a heartbeat under a lease that holds.
    public struct HeartbeatReply: Hashable, Codable, Sendable {
        /// What the runner is to do.
        public enum State: String, Codable, Sendable {
            /// Go on.
            case renewed
            /// Stop the job; its result will be `cancelled`.
            case cancel
        }

        /// What the runner is to do.
        public var state: State
        /// How long the lease holds from now; with `renewed`.
        public var leaseForMs: Int64?
        /// Why the job is to stop; with `cancel`.
        public var reason: String?

        /// Puts an answer into the form that travels; nil for a lost lease, which is a refusal.
        public init?(_ answer: HeartbeatAnswer) {
            switch answer {
            case .renewed(let leaseFor): (state, leaseForMs, reason) = (.renewed, leaseFor.wholeMilliseconds, nil)
            case .cancel(let why): (state, leaseForMs, reason) = (.cancel, nil, why)
            case .lost: return nil
            }
        }

        /// The answer; nil where it lacks what goes with its state.
        public var answer: HeartbeatAnswer? {
            switch state {
            case .renewed: leaseForMs.map { .renewed(leaseFor: .milliseconds($0)) }
            case .cancel: .cancel(reason: reason ?? "")
            }
        }
    }

    /// Whether somebody wants an attempt to stop.
    public struct StopAnswer: Hashable, Codable, Sendable {
        /// Whether it is to stop; the next heartbeat says why.
        public var stop: Bool

        /// Answers.
        public init(stop: Bool) { self.stop = stop }
    }

    /// How much of a log or of an artifact the server has.
    public struct StoredAnswer: Hashable, Codable, Sendable {
        /// The offset up to which it is stored, in bytes.
        public var stored: Int64

        /// Answers.
        public init(stored: Int64) { self.stored = stored }
    }

    /// Why a runner gives an attempt back unspent.
    public struct GiveBackRequest: Hashable, Codable, Sendable {
        /// The reason, in words.
        public var reason: String

        /// Gives a reason.
        public init(reason: String) { self.reason = reason }
    }
}
