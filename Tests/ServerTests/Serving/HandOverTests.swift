import Foundation
import Server
import Testing

@Suite("a socket that is handed over") struct HandOverTests {
    private static let request = "GET /nothing HTTP/1.1\r\nHost: pawl\r\nConnection: close\r\n\r\n"

    @Test("who connects meanwhile waits, and is answered by what goes on with it", .timeLimit(.minutes(4)))
    func queue() async throws {
        try await TestServer.serve { server in
            let client = RawClient(port: server.port)
            try await server.web.handOver(within: .seconds(20))
            async let outcomes = withThrowingTaskGroup(of: Int?.self) { tasks in
                for _ in 0..<20 { tasks.addTask { try await client.send(Self.request).status } }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            try server.web.resume()
            #expect(try await outcomes == Array(repeating: 404, count: 20))
        }
    }

    @Test("who has connected before, and is about to ask, is answered still", .timeLimit(.minutes(4)))
    func slowRequest() async throws {
        var options = TestServer.Options()
        options.deadlines.firstRequest = .seconds(30)
        try await TestServer.serve(options) { server in
            let client = RawClient(port: server.port)
            async let outcome = client.send("", trickle: Self.request)
            // Time to connect. On a machine that takes longer it waits in the queue, which is tested above.
            try await Task.sleep(for: .milliseconds(200))
            try await server.web.handOver(within: .seconds(30))
            try server.web.resume()
            #expect(try await outcome.status == 404)
        }
    }

    @Test("who never asks does not hold it up for ever", .timeLimit(.minutes(4)))
    func silent() async throws {
        try await TestServer.serve { server in
            async let outcome = RawClient(port: server.port).send("")
            try await Task.sleep(for: .milliseconds(200))
            try await server.web.handOver(within: .seconds(30))
            try server.web.resume()
            #expect(try await outcome.text.isEmpty)
        }
    }

    @Test("a socket knows what it serves, and who comes after it finds it by the variable")
    func inheritance() throws {
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        #expect(socket.serves(host: "127.0.0.1", port: socket.port))
        #expect(socket.serves(host: "127.0.0.1", port: 0))
        #expect(!socket.serves(host: "0.0.0.0", port: socket.port))
        #expect(!socket.serves(host: "127.0.0.1", port: socket.port + 1))
        #expect { try ListeningSocket(host: "127.0.0.1", port: socket.port) } throws: {
            ($0 as? ListeningError)?.isTaken == true
        }
        // A descriptor of its own, as the next program would have.
        let copy = dup(try #require(Int32(socket.bequeath())))
        let inherited = try #require(ListeningSocket(inherited: [ListeningSocket.variable: "\(copy)"]))
        #expect(inherited.address == socket.address)
        for wrong in ["", "x", "-1", "0", "2", "999999"] {
            #expect(ListeningSocket(inherited: [ListeningSocket.variable: wrong]) == nil, "\(wrong)")
        }
        #expect(ListeningSocket(inherited: [:]) == nil)
    }
}
