import HTTPTransport
import NIOConcurrencyHelpers
import Testing

@Suite("retrying requests")
struct RetryPolicyTests {
    /// Gives prepared results one after the other, and counts.
    final class Sender: HTTPSender {
        let results: NIOLockedValueBox<[Result<HTTPResponse, HTTPError>]>
        let count = NIOLockedValueBox(0)

        init(_ results: [Result<HTTPResponse, HTTPError>]) { self.results = NIOLockedValueBox(results) }

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            count.withLockedValue { $0 += 1 }
            return try results.withLockedValue { $0.removeFirst() }.get()
        }
    }

    /// Passes at once, and writes down for how long it was asked to.
    final class RecordingClock: Clock {
        typealias Instant = ContinuousClock.Instant
        let waits = NIOLockedValueBox<[Duration]>([])
        let base = ContinuousClock.now
        var now: Instant { base + waits.withLockedValue { $0.reduce(.zero, +) } }
        var minimumResolution: Duration { .zero }

        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            try Task.checkCancellation()
            let wait = deadline - now
            waits.withLockedValue { $0.append(wait) }
        }
    }

    let clock = RecordingClock()

    func policy(random: Double = 1) -> RetryPolicy {
        RetryPolicy(clock: clock, random: { random }, secondsSince1970: { 784_111_777 })
    }

    func answer(_ status: Int, _ headers: [(name: String, value: String)] = []) -> Result<HTTPResponse, HTTPError> {
        .success(HTTPResponse(status: status, headers: HTTPHeaders(headers), body: AsyncThrowingStream { nil }))
    }

    @Test("failures of the server are tried again with doubling waits, until one is answered")
    func backOff() async throws {
        let sender = Sender([answer(500), .failure(HTTPError(.broken, message: "")), answer(503), answer(200)])
        let response = try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy())
        #expect(response.status == 200)
        #expect(clock.waits.withLockedValue { $0 } == [.milliseconds(500), .seconds(1), .seconds(2)])
    }

    @Test("chance cuts a wait by up to a half", arguments: [(0.0, 250), (0.5, 375), (1.0, 500)])
    func jitter(random: Double, milliseconds: Int) async throws {
        let sender = Sender([answer(500), answer(200)])
        _ = try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy(random: random))
        #expect(clock.waits.withLockedValue { $0 } == [.milliseconds(milliseconds)])
    }

    @Test(
        "Retry-After is obeyed, in seconds or as a date",
        arguments: [("7", 7), ("0", 0), ("Sun, 06 Nov 1994 08:49:47 GMT", 10), ("Sat, 05 Nov 1994 00:00:00 GMT", 0)])
    func retryAfter(value: String, seconds: Int) async throws {
        let sender = Sender([answer(429, [("retry-after", value)]), answer(200)])
        let response = try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy())
        #expect(response.status == 200)
        #expect(clock.waits.withLockedValue { $0 } == [.seconds(seconds)])
    }

    @Test("a Retry-After that is longer than we wait makes the answer final")
    func longRetryAfter() async throws {
        let sender = Sender([answer(503, [("Retry-After", "3600")])])
        let response = try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy())
        #expect(response.status == 503)
        #expect(clock.waits.withLockedValue { $0.isEmpty })
    }

    @Test(
        "of a limit that is spent nothing more is asked, unless the server says when",
        arguments: ["X-RateLimit-Remaining", "RateLimit-Remaining"])
    func spentLimit(name: String) async throws {
        let sender = Sender([answer(429, [(name, "0"), ("X-RateLimit-Reset", "784111780")])])
        #expect(try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy()).status == 429)
        let asked = Sender([answer(429, [(name, "0"), ("Retry-After", "2")]), answer(200)])
        #expect(try await asked.send(HTTPRequest("GET", "http://x/"), retrying: policy()).status == 200)
        #expect(clock.waits.withLockedValue { $0 } == [.seconds(2)])
    }

    @Test(
        "a limit's reset is the time until then, whatever number the header has",
        arguments: [("784111787", 10), ("5", -784_111_772), ("", nil), ("-1", nil), ("9223372036854775807", nil)]
            as [(String, Int?)])
    func reset(value: String, seconds: Int?) {
        let headers = HTTPHeaders([("RateLimit-Reset", value)])
        #expect(headers.limitReset(at: 784_111_777) == seconds.map { .seconds($0) })
    }

    @Test("a request whose effect might happen twice is sent once, unless nothing was sent")
    func unsafeMethods() async throws {
        let request = HTTPRequest("POST", "http://x/", body: .bytes([1]))
        #expect(try await Sender([answer(500)]).send(request, retrying: policy()).status == 500)
        let broken = Sender([.failure(HTTPError(.broken, message: ""))])
        await #expect(throws: HTTPError.self) { try await broken.send(request, retrying: policy()) }
        let refused = Sender([.failure(HTTPError(.connectionFailed, message: "")), answer(201)])
        #expect(try await refused.send(request, retrying: policy()).status == 201)
        var allowed = policy()
        allowed.repeatsUnsafeMethods = true
        #expect(try await Sender([answer(500), answer(201)]).send(request, retrying: allowed).status == 201)
    }

    @Test("a body that is a stream is sent once")
    func streams() async throws {
        let request = HTTPRequest("PUT", "http://x/", body: .stream(AsyncThrowingStream { nil }, length: 0))
        #expect(try await Sender([answer(500)]).send(request, retrying: policy()).status == 500)
    }

    @Test("the last answer is the result when attempts run out", arguments: [1, 2, 4])
    func exhausted(attempts: Int) async throws {
        let sender = Sender(Array(repeating: answer(500), count: 10))
        var policy = policy()
        policy.attempts = attempts
        #expect(try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy).status == 500)
        #expect(sender.count.withLockedValue { $0 } == attempts)
    }

    @Test("an answer that says the request is wrong is final", arguments: [400, 401, 403, 404, 409, 422])
    func final(status: Int) async throws {
        let sender = Sender([answer(status)])
        #expect(try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy()).status == status)
    }

    @Test("cancellation ends a wait")
    func cancelled() async throws {
        let sender = Sender([answer(500), answer(200)])
        let policy = policy()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await sender.send(HTTPRequest("GET", "http://x/"), retrying: policy)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
