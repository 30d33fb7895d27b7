import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import Testing

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

@Suite("HTTP client", .timeLimit(.minutes(4)))
struct HTTPClientTests {
    let client = HTTPClient()

    @Test("a request arrives as it was written, and its answer as it was sent")
    func roundTrip() async throws {
        let seen = NIOLockedValueBox<ScriptedServer.Request?>(nil)
        let server = try ScriptedServer { connection in
            seen.withLockedValue { $0 = connection.readRequest() }
            connection.write("HTTP/1.1 404 Nope\r\nX-Two:  a b \r\nX-Two: c\r\nContent-Length: 5\r\n\r\nhello")
        }
        let response = try await client.send(
            HTTPRequest(
                "PATCH", server.url("/p?q=1"), headers: [("X-Empty", ""), ("X-Name", "v:1")],
                body: .bytes(Array("data".utf8))))
        #expect(response.status == 404)
        #expect(response.headers["x-two"] == "a b")
        #expect(response.headers.fields.filter { $0.name == "X-Two" }.map(\.value) == ["a b", "c"])
        #expect(try await response.collect(upTo: 5) == Array("hello".utf8))
        let request = try #require(seen.withLockedValue { $0 })
        #expect(request.line == "PATCH /p?q=1 HTTP/1.1")
        #expect(request.headers["x-name"] == "v:1")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["content-length"] == "4")
        #expect(request.headers["content-type"] == nil)
        #expect(request.body == Array("data".utf8))
    }

    @Test(
        "every method is sent as such, with a stated length where it would be missed",
        arguments: [("GET", nil), ("HEAD", nil), ("DELETE", nil), ("POST", "0"), ("PUT", "0")] as [(String, String?)])
    func methods(method: String, length: String?) async throws {
        let seen = NIOLockedValueBox<ScriptedServer.Request?>(nil)
        let server = try ScriptedServer { connection in
            let request = connection.readRequest()
            seen.withLockedValue { $0 = request }
            connection.write("HTTP/1.1 204 None\r\n\r\n")
        }
        let response = try await client.send(HTTPRequest(method, server.url()))
        #expect(response.status == 204)
        #expect(try await response.collect(upTo: 0).isEmpty)
        let request = try #require(seen.withLockedValue { $0 })
        #expect(request.line == "\(method) / HTTP/1.1")
        #expect(request.headers["content-length"] == length)
    }

    @Test("a redirect is an answer, not followed")
    func redirect() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        }
        #expect(try await client.send(HTTPRequest("GET", server.url())).status == 302)
    }

    @Test("a connection is used again")
    func reuse() async throws {
        let server = try ScriptedServer { connection in
            while connection.readRequest() != nil { connection.write(ok) }
        }
        for _ in 1...5 {
            _ = try await client.send(HTTPRequest("GET", server.url())).collect(upTo: 10)
        }
        #expect(server.connectionCount == 1)
    }

    @Test("a kept connection that the server closed meanwhile costs no request")
    func deadConnection() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write(ok)
        }
        for _ in 1...3 {
            let request = HTTPRequest("POST", server.url(), body: .bytes([1, 2, 3]))
            #expect(try await client.send(request).collect(upTo: 10) == Array("ok".utf8))
        }
    }

    @Test("a 100 and trailers are not taken for the answer's headers")
    func informational() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.write("3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n")
        }
        let response = try await client.send(HTTPRequest("GET", server.url()))
        #expect(response.headers["X-A"] == nil)
        #expect(response.headers["X-Trailer"] == nil)
        #expect(try await response.collect(upTo: 3) == Array("abc".utf8))
    }

    @Test("a trickled body is handed over piece by piece, as it comes")
    func trickle() async throws {
        let taken = Signal()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for letter in ["a", "b", "c"] {
                connection.write("1\r\n\(letter)\r\n")
                taken.block()
            }
            connection.write("0\r\n\r\n")
        }
        let response = try await client.send(HTTPRequest("GET", server.url()))
        var pieces: [String] = []
        for try await chunk in response.body {
            pieces.append(String(decoding: chunk, as: UTF8.self))
            taken.give()
        }
        #expect(pieces == ["a", "b", "c"])
    }

    @Test("a Unix socket is reached by its path")
    func unixSocket() async throws {
        let path = "/tmp/pawl-http-\(UUID().uuidString.prefix(8)).sock"
        defer { unlink(path) }
        let server = try ScriptedServer(unixSocket: path) { connection in
            while let request = connection.readRequest() {
                connection.write(request.headers["host"] == "docker" ? ok : "HTTP/1.1 400 No\r\n\r\n")
            }
        }
        let response = try await client.send(HTTPRequest("GET", "http://docker/_ping", unixSocket: path))
        #expect(response.status == 200)
        withExtendedLifetime(server) {}
    }

    @Test("an answer longer than is read of it is refused")
    func tooLarge() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world")
        }
        let response = try await client.send(HTTPRequest("GET", server.url()))
        await #expect(throws: HTTPError.self, performing: { _ = try await response.collect(upTo: 10) })
    }

    @Test("headers without end are refused")
    func endlessHeaders() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            let line = Array("X-A: \(String(repeating: "a", count: 1_000))\r\n".utf8)
            while connection.writeAll(line) == line.count {}
        }
        let error = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest("GET", server.url())) }
        #expect(error?.code == .tooLarge)
    }

    @Test("a body that breaks off is an error, not an end", arguments: [true, false])
    func truncated(byReset: Bool) async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            if byReset { connection.reset() }
        }
        let response = try await client.send(HTTPRequest("GET", server.url()))
        let error = await #expect(throws: HTTPError.self) { try await response.collect(upTo: 100) }
        #expect(error?.code == .broken)
    }

    @Test("a refused connection is told with the address and without credentials, query and fragment")
    func refused() async throws {
        let secret = "s3cr3t"
        let request = HTTPRequest("GET", "http://user:\(secret)@127.0.0.1:1/path?token=\(secret)#\(secret)")
        let error = try #require(await #expect(throws: HTTPError.self) { try await client.send(request) })
        #expect(error.code == .connectionFailed)
        #expect(error.message.contains("http://127.0.0.1:1/path"))
        #expect(!error.message.contains(secret))
        #expect(!error.message.contains("user"))
    }

    @Test("a missing Unix socket is told by its path")
    func refusedSocket() async throws {
        let request = HTTPRequest("GET", "http://docker/_ping", unixSocket: "/nowhere/docker.sock")
        let error = try #require(await #expect(throws: HTTPError.self) { try await client.send(request) })
        #expect(error.code == .connectionFailed)
        #expect(error.message.contains("/nowhere/docker.sock"))
    }

    @Test(
        "what would change the request on the wire is refused before anything is sent",
        arguments: [
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("X-A", "a\r\nX-B: b")]),
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("X A", "a")]),
            HTTPRequest("GET", "http://127.0.0.1:1/", headers: [("", "a")]),
            HTTPRequest("GET /x HTTP/1.1\r\n", "http://127.0.0.1:1/"),
            HTTPRequest("", "http://127.0.0.1:1/"),
            HTTPRequest("GET", "http://127.0.0.1:1/a b"),
            HTTPRequest("GET", "http://127.0.0.1:1/\r\nHost: x"),
            HTTPRequest("GET", "http://127.0.0.1:99999/"),
            HTTPRequest("GET", "http://"),
            HTTPRequest("GET", "file:///etc/passwd"),
            HTTPRequest("GET", ""),
        ])
    func invalid(request: HTTPRequest) async throws {
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        #expect(error?.code == .invalidRequest)
    }

    @Test("after a shutdown requests fail, and one under way ends")
    func shutdown() async throws {
        let client = HTTPClient()
        let arrived = Signal()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            arrived.give()
            connection.waitForClose()
        }
        let pending = Task { try await client.send(HTTPRequest("GET", server.url())) }
        await arrived.wait()
        client.shutdown()
        let first = await #expect(throws: HTTPError.self) { try await pending.value }
        #expect(first?.code == .cancelled)
        let second = await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest("GET", server.url())) }
        #expect(second?.code == .cancelled)
    }
}
