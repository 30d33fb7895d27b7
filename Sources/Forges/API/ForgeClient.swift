import HTTPTransport
import PipelineModel

/// Sends requests to one forge's API and tells its answers apart.
struct ForgeClient: Sendable {
    let sender: any HTTPSender
    /// The address as it was given.
    let address: String
    /// The address without a slash at its end, for the paths that come after it.
    private let base: String
    /// The forge's name in messages.
    let name: String
    let retry: RetryPolicy
    let now: @Sendable () -> Timestamp

    /// The longest answer that is read. The longest that is asked for, a page of 100 deliveries, has about 50 KB.
    static let answerLimit = 4 << 20
    /// How long a call may take in all, so that a forge whose answers trickle stalls nobody for ever.
    static let callTimeout = Duration.minutes(2)
    /// The longest wait that a forge's headers are believed; limits are counted by the hour.
    static let longestWait = Duration.hours(2)
    /// The shortest wait before a forge is asked again that has asked to wait.
    static let shortestWait = Duration.seconds(1)
    /// The wait where a forge has reached a limit and does not say until when.
    static let usualWait = Duration.minutes(1)

    init(
        sender: any HTTPSender, address: String, name: String, retry: RetryPolicy,
        now: @escaping @Sendable () -> Timestamp
    ) throws(ForgeError) {
        guard address.hasPrefix("https://") || address.hasPrefix("http://"), !address.contains(where: \.isWhitespace)
        else {
            throw ForgeError(
                .misconfigured, message: "The address of \(name) is no http or https URL. Set it in full.")
        }
        self.sender = sender
        self.address = address
        base = String(address.reversed().drop { $0 == "/" }.reversed())
        self.name = name
        self.retry = retry
        self.now = now
    }

    /// One answer, read to its end.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: JSONValue?

        var isSuccess: Bool { (200..<300).contains(status) }
    }

    /// Sends a request and reads the answer, whatever its status. GETs are repeated as the policy says. Without a path
    /// it goes to the address itself.
    func exchange(
        _ method: String, _ path: String, headers: [(name: String, value: String)], body: JSONValue? = nil
    ) async throws -> Answer {
        var headers = headers + [("User-Agent", "pawl")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        let request = HTTPRequest(
            method, path.isEmpty ? address : base + path, headers: headers,
            body: body.map { .bytes($0.bytes) } ?? .none, totalTimeout: Self.callTimeout)
        do {
            let response = try await sender.send(request, retrying: retry)
            let bytes = try await response.collect(upTo: Self.answerLimit)
            // An error page need not be JSON; where JSON is wanted, its absence is found out there.
            return Answer(status: response.status, headers: response.headers, body: try? JSONValue(parsing: bytes))
        } catch let error as HTTPError {
            try Task.checkCancellation()
            switch error.code {
            case .cancelled: throw CancellationError()
            case .invalidRequest:
                throw ForgeError(.misconfigured, message: "\(name): \(error.message)", cause: error)
            case .tooLarge: throw ForgeError(.unreadableAnswer, message: "\(name): \(error.message)", cause: error)
            default:
                throw ForgeError(.unreachable, message: "\(name) cannot be reached: \(error.message)", cause: error)
            }
        }
    }

    /// The error that an answer without success is. `task` says what was tried, `hint` what the credential needs for it.
    func error(_ answer: Answer, _ task: String, hint: String) -> ForgeError {
        let said = Self.words(of: answer)
        func failure(_ code: ForgeError.Code, _ text: String, retryAfter: Timestamp? = nil) -> ForgeError {
            ForgeError(code, message: "\(name) \(text)", retryAfter: retryAfter)
        }
        if isLimit(answer, said: said) {
            let moment = retryMoment(answer) ?? now() + Self.usualWait
            return failure(.limited, "has reached its rate limit while asked to \(task).", retryAfter: moment)
        }
        switch answer.status {
        case 300..<400:
            return failure(.moved, "says that what it was asked for has moved (asked to \(task)).")
        case 401:
            return failure(.unauthorized, "does not know the credential (asked to \(task)). Renew it in the settings.")
        case 403: return failure(.forbidden, "does not let this credential \(task)\(said). \(hint)")
        case 404:
            return failure(.notFound, "has nothing there to \(task), or hides it from this credential\(said). \(hint)")
        case 408, 409, 425, 500...:
            return failure(
                .unavailable, "answered \(answer.status) when asked to \(task)\(said).",
                retryAfter: retryMoment(answer))
        default: return failure(.refused, "refused to \(task) with \(answer.status)\(said).")
        }
    }

    /// The error for an answer that lacks something its documentation promises.
    func unreadable(_ task: String, cause: (any Error)? = nil) -> ForgeError {
        ForgeError(
            .unreadableAnswer, message: "\(name) gave an answer that cannot be read when asked to \(task).",
            cause: cause)
    }

    // MARK: Limits

    private func isLimit(_ answer: Answer, said: String) -> Bool {
        if answer.status == 429 { return true }
        guard answer.status == 403 else { return false }
        return answer.headers["Retry-After"] != nil || answer.headers.isLimitSpent
            || said.lowercased().contains("rate limit")
    }

    /// When the answer's headers want the next request: what is asked for outright first, then the limit's own reset.
    private func retryMoment(_ answer: Answer) -> Timestamp? {
        let now = now()
        let seconds = Double(now.milliseconds) / 1_000
        var wait = answer.headers.retryAfter(at: seconds)
        if wait == nil, answer.headers.isLimitSpent {
            // A reset that is past is one by another clock: it cannot say how long to wait.
            wait = answer.headers.limitReset(at: seconds).map { $0 > .zero ? $0 : Self.usualWait }
        }
        return wait.map { now + min(max($0, Self.shortestWait), Self.longestWait) }
    }

    // MARK: Words

    /// The forge's own words about an answer, on one line and bounded, as `: words`; empty where it says nothing.
    private static func words(of answer: Answer) -> String {
        let message = answer.body?["message"] ?? answer.body?["error"]
        var parts = [message.map(plain) ?? ""]
        for fault in (answer.body?["errors"]?.elements ?? []).prefix(3) {
            parts.append(plain(fault["message"] ?? fault["code"] ?? fault))
        }
        let text = parts.filter { !$0.isEmpty }.joined(separator: ": ")
        let line = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
        return line.isEmpty ? "" : ": " + line.prefix(300)
    }

    private static func plain(_ value: JSONValue) -> String {
        value.text ?? String(decoding: value.bytes, as: UTF8.self)
    }
}
