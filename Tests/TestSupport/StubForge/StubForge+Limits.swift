import FoundationEssentials
import Forges

/// How much the API takes from one client.
public struct StubLimits: Sendable {
    /// The requests of an hour: GitHub's primary limit. Nil for any number.
    public var requestsPerHour: Int?
    /// The writes that are taken within `window`: GitHub's secondary limit, or GitLab's throttle. Nil for any number.
    public var writes: Int?
    /// How long a write counts.
    public var window: Duration = .seconds(60)

    /// What the forges do unless they are told otherwise. GitHub counts 900 points a minute, five for each write; on a
    /// GitLab of one's own the throttle is off.
    public static func usual(_ kind: ForgeKind) -> StubLimits {
        kind == .github
            ? StubLimits(requestsPerHour: 5_000, writes: 180) : StubLimits(requestsPerHour: nil, writes: nil)
    }

    /// Sets limits.
    public init(requestsPerHour: Int?, writes: Int?, window: Duration = .seconds(60)) {
        self.requestsPerHour = requestsPerHour
        self.writes = writes
        self.window = window
    }
}

extension StubForge {
    /// Leaves a client so many requests for a time that begins with the next one: GitHub's primary limit, shortly before
    /// it is reached.
    public func leaveRequests(_ count: Int, forSeconds seconds: Double) {
        change { ($0.remaining, $0.nextWindow) = (count, seconds) }
    }

    /// When GitHub's primary limit begins anew.
    public var resetOfRequests: Date { read(\.reset) }

    /// Counts a request against the limits.
    /// - Returns: the refusal where one is reached; nil where it is taken.
    func refusalByLimit(isWrite: Bool) -> APIAnswer? {
        change { state in
            let now = Date()
            if let hourly = settings.limits.requestsPerHour {
                if let seconds = state.nextWindow {
                    (state.reset, state.nextWindow) = (now.addingTimeInterval(seconds), nil)
                }
                if now > state.reset { (state.remaining, state.reset) = (hourly, now.addingTimeInterval(3_600)) }
                guard state.remaining > 0 else {
                    return APIAnswer(status: 403, body: ["message": "API rate limit exceeded"])
                }
                state.remaining -= 1
            }
            guard isWrite, let limit = settings.limits.writes else { return nil }
            let window = settings.limits.window / .seconds(1)
            state.writes.removeAll { now.timeIntervalSince($0) >= window }
            if let oldest = state.writes.first, state.writes.count >= limit {
                let wait = (window - now.timeIntervalSince(oldest)).rounded(.up)
                let header = [(name: "Retry-After", value: String(max(Int(wait), 1)))]
                return kind == .gitlab
                    ? APIAnswer(status: 429, headers: header, raw: (Array("Retry later".utf8), "text/plain"))
                    : APIAnswer(
                        status: 403, body: ["message": "You have exceeded a secondary rate limit. Please wait."],
                        headers: header)
            }
            state.writes.append(now)
            return nil
        }
    }

    /// What GitHub's answers say of its primary limit.
    var limitHeaders: [(name: String, value: String)] {
        guard kind == .github, let hourly = settings.limits.requestsPerHour else { return [] }
        let (remaining, reset) = read { ($0.remaining, $0.reset) }
        return [
            ("X-RateLimit-Limit", String(hourly)), ("X-RateLimit-Remaining", String(remaining)),
            ("X-RateLimit-Used", String(max(hourly - remaining, 0))), ("X-RateLimit-Resource", "core"),
            ("X-RateLimit-Reset", String(Int64(reset.timeIntervalSince1970.rounded(.up)))),
        ]
    }
}
