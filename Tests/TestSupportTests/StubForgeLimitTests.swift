import Forges
import HTTPTransport
import TestSupport
import Testing

/// The limits of the stub forge: what it is held to is what the real forges do.
@Suite("stub forge's limits", .timeLimit(.minutes(4)))
struct StubForgeLimitTests {
    private func answers(
        _ kind: ForgeKind, _ limits: StubLimits, _ method: String, count: Int, left: Int? = nil
    ) async throws -> [HTTPResponse] {
        var settings = StubForge.Settings(kind)
        settings.limits = limits
        return try await StubForge.lend(kind, settings: settings) { forge in
            let client = HTTPClient()
            defer { client.shutdown() }
            let token = forge.createToken(for: "mira")
            if let left { forge.leaveRequests(left, forSeconds: 30) }
            var answers: [HTTPResponse] = []
            for _ in 1...count {
                let answer = try await client.send(
                    HTTPRequest(method, forge.url + "/nothing", headers: [("Authorization", "Bearer \(token)")]))
                _ = try await answer.collect(upTo: 1 << 16)
                answers.append(answer)
            }
            return answers
        }
    }

    @Test("GitHub refuses what comes after the last request of the hour, and says when the next begins")
    func primary() async throws {
        let answers = try await answers(.github, .usual(.github), "GET", count: 3, left: 2)
        #expect(answers.map(\.status) == [404, 404, 403])
        #expect(answers.map { $0.headers["X-RateLimit-Remaining"] } == ["1", "0", "0"])
        #expect(answers.allSatisfy { $0.headers["X-RateLimit-Reset"] != nil })
    }

    @Test("writes that come too fast are refused in each forge's words", arguments: [ForgeKind.github, .gitlab])
    func writes(kind: ForgeKind) async throws {
        let limits = StubLimits(requestsPerHour: nil, writes: 2)
        let answers = try await answers(kind, limits, "POST", count: 3)
        #expect(answers.map(\.status) == [404, 404, kind == .github ? 403 : 429])
        #expect((1...60).contains(answers.last?.headers["Retry-After"].flatMap { Int($0) } ?? 0))
        #expect(try await self.answers(kind, limits, "GET", count: 4).allSatisfy { $0.status == 404 })
    }
}
