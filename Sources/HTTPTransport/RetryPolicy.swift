import FoundationEssentials

/// When a request is sent again, and how long to wait before.
///
/// The wait doubles from `firstWait` up to `longestWait`, and each is then cut by chance to between half and all of
/// it, so that many clients of one server that failed do not come back at once. A `Retry-After` header is obeyed up to
/// `longestRetryAfter`; a server that asks for more, or says that a limit is spent, gets no further request, and its
/// answer is the result.
public struct RetryPolicy: Sendable {
    /// How often a request is sent at most, the first time included.
    public var attempts: Int
    /// The wait before the second attempt, before chance cuts it.
    public var firstWait: Duration
    /// The longest wait of our own choice.
    public var longestWait: Duration
    /// The longest `Retry-After` that is waited for.
    public var longestRetryAfter: Duration
    /// Whether requests are repeated whose effect might then happen twice. GET, HEAD, PUT, DELETE, OPTIONS and TRACE
    /// are always repeatable; others only where the caller knows that the server does not mind.
    public var repeatsUnsafeMethods: Bool
    /// Where waiting happens.
    public var clock: any Clock<Duration>
    /// A random number from 0 up to 1.
    public var random: @Sendable () -> Double
    /// The wall clock in seconds since 1970, for a `Retry-After` that is a date.
    public var secondsSince1970: @Sendable () -> Double

    /// Four attempts with waits of about 0.5, 1 and 2 s; a `Retry-After` up to a minute.
    public init(
        attempts: Int = 4, firstWait: Duration = .milliseconds(500), longestWait: Duration = .seconds(30),
        longestRetryAfter: Duration = .seconds(60), repeatsUnsafeMethods: Bool = false,
        clock: any Clock<Duration> = ContinuousClock(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        secondsSince1970: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.attempts = attempts
        self.firstWait = firstWait
        self.longestWait = longestWait
        self.longestRetryAfter = longestRetryAfter
        self.repeatsUnsafeMethods = repeatsUnsafeMethods
        self.clock = clock
        self.random = random
        self.secondsSince1970 = secondsSince1970
    }

    /// The wait after that many attempts (from 1) and an answer; nil when the answer is final.
    public func wait(afterAttempt attempt: Int, of request: HTTPRequest, answer: HTTPResponse) -> Duration? {
        guard attempt < attempts, isRepeatable(request),
            [408, 425, 429, 500, 502, 503, 504].contains(answer.status)
        else { return nil }
        if let asked = answer.headers.retryAfter(at: secondsSince1970()) {
            return asked <= longestRetryAfter ? asked : nil
        }
        // Of a limit that is spent the next request gets nothing either, and some servers count it against the client.
        return answer.headers.isLimitSpent ? nil : ownWait(afterAttempt: attempt)
    }

    /// The wait after that many attempts (from 1) and an error; nil when the error is final.
    public func wait(afterAttempt attempt: Int, of request: HTTPRequest, error: any Error) -> Duration? {
        guard attempt < attempts, let error = error as? HTTPError else { return nil }
        if case .stream = request.body { return nil }
        switch error.code {
        // Nothing was sent, so any method may be tried again.
        case .connectionFailed: return ownWait(afterAttempt: attempt)
        case .timedOut, .broken: return isRepeatable(request) ? ownWait(afterAttempt: attempt) : nil
        default: return nil
        }
    }

    private func isRepeatable(_ request: HTTPRequest) -> Bool {
        if case .stream = request.body { return false }
        return repeatsUnsafeMethods
            || ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(request.method)
    }

    private func ownWait(afterAttempt attempt: Int) -> Duration {
        let doublings = min(max(attempt, 1) - 1, 30)
        let full = min(firstWait * (1 << doublings), longestWait)
        return full * (0.5 + 0.5 * min(max(random(), 0), 1))
    }
}

extension HTTPSender {
    /// Sends a request, and sends it again as the policy says. The last answer, or the last error, is the result.
    ///
    /// A request whose body is a stream is sent once. Cancellation ends a wait at once.
    public func send(_ request: HTTPRequest, retrying policy: RetryPolicy) async throws -> HTTPResponse {
        var attempt = 1
        while true {
            let wait: Duration
            do {
                let response = try await send(request)
                guard let next = policy.wait(afterAttempt: attempt, of: request, answer: response) else {
                    return response
                }
                wait = next
            } catch {
                guard let next = policy.wait(afterAttempt: attempt, of: request, error: error) else { throw error }
                wait = next
            }
            try await policy.clock.sleep(for: wait)
            attempt += 1
        }
    }
}
