import Forges
import Foundation
import PipelineModel
import Testing

@testable import Server

@Suite("Limits of requests")
struct RequestLimitTests {
    static let commit = String(repeating: "a", count: 40)

    static func headers(_ extra: String) -> String {
        "POST /hooks/github/main HTTP/1.1\r\nHost: pawl\r\nX-GitHub-Event: push\r\n" + extra
    }

    static func signed(length: Int) -> String {
        headers(
            "X-Hub-Signature-256: sha256=\(String(repeating: "0", count: 64))\r\nContent-Length: \(length)\r\n\r\n")
    }

    @Test("a body that is too long is refused, and leaves nothing behind")
    func tooLong() async throws {
        var options = TestServer.Options()
        options.bodyLimit = 1 << 20
        try await TestServer.serve(options) { server in
            let body = [UInt8](repeating: UInt8(ascii: "a"), count: (1 << 20) + 1)
            let answer = try await server.send(.github(bytes: body))
            #expect(answer.status == 413 && answer.error.contains("1048576"))
            #expect(try await server.store.deliveries().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.spoolFolder).isEmpty)
            #expect(try await server.send(.github(SignedRequest.push(Self.commit))).status == 202)
        }
    }

    @Test("the longest body that GitHub sends is taken, and one byte more is not")
    func longest() async throws {
        try await TestServer.serve { server in
            var text = Array("{\"repository\": {\"id\": 7, \"full_name\": \"ml/churn\"}}".utf8)
            text += [UInt8](repeating: UInt8(ascii: " "), count: (25 << 20) - text.count)
            #expect(try await server.send(.github(bytes: text, event: "karaoke")).status == 202)
            let answer = try await server.send(.github(bytes: text + [UInt8(ascii: " ")], event: "karaoke"))
            #expect(answer.status == 413)
        }
    }

    @Test("when the spool is full, the sender is told to come back, and the next good delivery is taken")
    func spoolIsFull() async throws {
        var options = TestServer.Options()
        options.spoolLimit = 64 << 10
        try await TestServer.serve(options) { server in
            let body = [UInt8](repeating: UInt8(ascii: "a"), count: 200 << 10)
            let answer = try await server.send(.github(bytes: body))
            #expect(answer.status == 503 && answer.headers["Retry-After"] == "5")
            #expect(answer.error.contains("again"))
            #expect(try await server.send(.github(SignedRequest.push(Self.commit))).status == 202)
        }
    }

    @Test("headers that trickle in are ended by a deadline that they do not extend")
    func slowHeaders() async throws {
        var options = TestServer.Options()
        options.deadlines.headers = .milliseconds(400)
        try await TestServer.serve(options) { server in
            let outcome = try await RawClient(port: server.port).send(Self.headers("X-Slow: "), trickle: "a")
            #expect(outcome.status == 408)
            #expect(outcome.trickled > 2, "it was not ended for being silent")
            #expect(outcome.lasted >= .milliseconds(350))
        }
    }

    @Test("a body that trickles in is ended by a deadline that it does not extend")
    func slowBody() async throws {
        var options = TestServer.Options()
        options.deadlines.body = .milliseconds(400)
        try await TestServer.serve(options) { server in
            let outcome = try await RawClient(port: server.port).send(Self.signed(length: 100_000), trickle: "a")
            #expect(outcome.status == 408)
            #expect(outcome.trickled > 2, "it was not ended for being silent")
            #expect(outcome.lasted >= .milliseconds(350))
            #expect(try await server.store.deliveries().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: server.spoolFolder).isEmpty)
            #expect(try await server.send(.github(SignedRequest.push(Self.commit))).status == 202)
        }
    }

    @Test("a connection that says nothing, or nothing more after an answer, is ended")
    func silence() async throws {
        var options = TestServer.Options()
        options.deadlines.headers = .milliseconds(200)
        options.deadlines.keepAlive = .milliseconds(200)
        try await TestServer.serve(options) { server in
            #expect(try await RawClient(port: server.port).send("").status == 408)
            let unsigned = Self.headers("Content-Length: 4\r\n\r\nbody")
            let outcome = try await RawClient(port: server.port).send(unsigned)
            #expect(outcome.status == 401)
            #expect(outcome.text.components(separatedBy: "HTTP/1.1").count == 2, "one answer: \(outcome.text)")
        }
    }

    @Test("whoever is refused before the body and goes on sending it is ended as well")
    func refusedAndTrickling() async throws {
        var options = TestServer.Options()
        options.deadlines.body = .seconds(2)
        try await TestServer.serve(options) { server in
            let outcome = try await RawClient(port: server.port).send(
                Self.headers("Content-Length: 100000\r\n\r\n"), trickle: "a")
            // On a busy machine the deadline may come before the refusal.
            #expect(outcome.status == 401 || outcome.status == 408)
        }
    }
}
