import Foundation
import HTTPTransport
import NIOConcurrencyHelpers
import Testing

@Suite("HTTP transfers: windows, cancellation and time", .timeLimit(.minutes(4)))
struct TransferLimitsTests {
    let client = HTTPClient()

    @Test("a reader that stands still holds the server back, with a bounded window in between")
    func slowReader() async throws {
        let total = 64 << 20
        let stuck = Signal()
        let accepted = NIOLockedValueBox(0)
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 16)
            var sent = 0
            // Stuck is: the kernel takes nothing more for a quarter of a second.
            var wait = pollfd(fd: connection.descriptor, events: Int16(POLLOUT), revents: 0)
            while sent < total, poll(&wait, 1, 250) == 1 {
                sent += connection.writeWithoutWaiting(Array(piece.prefix(total - sent)))
            }
            accepted.withLockedValue { $0 = sent }
            stuck.give()
            _ = connection.writeAll([UInt8](repeating: 7, count: total - sent))
        }
        let response = try await client.send(HTTPRequest("GET", server.url()))
        await stuck.wait()
        // Loopback's own buffers take a few megabytes; the client adds no more than its window to them.
        #expect(accepted.withLockedValue { $0 } < 16 << 20)
        var count = 0
        var largest = 0
        for try await chunk in response.body {
            count += chunk.count
            largest = max(largest, chunk.count)
        }
        #expect(count == total)
        #expect(largest <= 64 << 10)
    }

    @Test("a large body is uploaded from a stream that is read no faster than it is sent", arguments: [true, false])
    func upload(withLength: Bool) async throws {
        let piece = [UInt8](repeating: 3, count: 100_000)
        let pieces = 320
        let produced = NIOLockedValueBox(0)
        let stuck = Signal()
        let mayRead = Signal()
        let received = NIOLockedValueBox(0)
        let server = try ScriptedServer { connection in
            guard var request = connection.readHead() else { return }
            stuck.give()
            mayRead.block()
            if request.headers["content-length"] != nil {
                var left = request.headers["content-length"].flatMap(Int.init) ?? 0
                while left > 0 {
                    let got = connection.read(min(left, 1 << 20))
                    if got.isEmpty { return }
                    left -= got.count
                    received.withLockedValue { $0 += got.count }
                }
            } else {
                request = connection.readChunked(request)
                received.withLockedValue { $0 = request.body.count }
            }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        let body = AsyncThrowingStream<[UInt8], any Error> {
            let number = produced.withLockedValue { count in
                count += 1
                return count
            }
            return number <= pieces ? piece : nil
        }
        async let response = client.send(
            HTTPRequest(
                "PUT", server.url(), body: .stream(body, length: withLength ? Int64(piece.count * pieces) : nil)))
        await stuck.wait()
        mayRead.give()
        #expect(try await response.status == 200)
        #expect(received.withLockedValue { $0 } == piece.count * pieces)
    }

    @Test("an upload to a server that reads nothing stops reading its source")
    func stuckUpload() async throws {
        let produced = NIOLockedValueBox(0)
        let server = try ScriptedServer { connection in
            _ = connection.readHead()
            connection.waitForReset()
        }
        let body = AsyncThrowingStream<[UInt8], any Error> {
            produced.withLockedValue { $0 += 1 << 16 }
            return [UInt8](repeating: 1, count: 1 << 16)
        }
        let request = HTTPRequest(
            "PUT", server.url(), body: .stream(body, length: 1 << 40), headerTimeout: .milliseconds(400))
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        #expect(error?.code == .timedOut)
        #expect(produced.withLockedValue { $0 } < 16 << 20)
    }

    @Test("an error in a request's own body ends the request with that error")
    func failingSource() async throws {
        struct Broken: Error {}
        let server = try ScriptedServer { connection in connection.waitForClose() }
        let body = AsyncThrowingStream<[UInt8], any Error> { throw Broken() }
        await #expect(throws: Broken.self) {
            try await client.send(HTTPRequest("PUT", server.url(), body: .stream(body, length: nil)))
        }
    }

    @Test("an early refusal of an upload is an answer")
    func refusedUpload() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.waitForClose()
        }
        let body = AsyncThrowingStream<[UInt8], any Error> { [UInt8](repeating: 1, count: 1_000) }
        let request = HTTPRequest("PUT", server.url(), body: .stream(body, length: 1 << 40))
        #expect(try await client.send(request).status == 413)
    }

    @Test("cancelling a task ends its request at once, and its connection", arguments: [true, false])
    func cancel(whileReading: Bool) async throws {
        let arrived = Signal()
        let closed = Signal()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            if whileReading { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") }
            arrived.give()
            connection.waitForClose()
            closed.give()
        }
        let reading = Signal()
        let task = Task {
            let response = try await client.send(HTTPRequest("GET", server.url()))
            for try await _ in response.body { reading.give() }
            try Task.checkCancellation()
        }
        await arrived.wait()
        if whileReading { await reading.wait() }
        task.cancel()
        let result = await task.result
        #expect(throws: (any Error).self) { try result.get() }
        await closed.wait()
    }

    @Test("a task that is cancelled already sends nothing and fails")
    func cancelledBefore() async throws {
        let server = try ScriptedServer { _ in }
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(HTTPRequest("GET", server.url()))
        }
        let error = await #expect(throws: HTTPError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("dropping a body ends its transfer")
    func drop() async throws {
        let closed = Signal()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.waitForClose()
            closed.give()
        }
        func readHead() async throws -> Int { try await client.send(HTTPRequest("GET", server.url())).status }
        #expect(try await readHead() == 200)
        await closed.wait()
    }

    @Test("headers that do not come in time end the request, also when other bytes trickle")
    func headerTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            while connection.writeAll(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) > 0 {
                var wait = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&wait, 1, 10) != 0 { return }
            }
        }
        let began = ContinuousClock.now
        let request = HTTPRequest("GET", server.url(), headerTimeout: .milliseconds(100))
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("100 ms") == true)
        #expect((.milliseconds(100)..<(.seconds(5))).contains(ContinuousClock.now - began))
    }

    @Test("a body that stands still ends the transfer, after what came was read")
    func idleTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.waitForClose()
        }
        let request = HTTPRequest("GET", server.url(), idleTimeout: .milliseconds(100))
        let response = try await client.send(request)
        var read: [UInt8] = []
        let error = await #expect(throws: HTTPError.self) { for try await chunk in response.body { read += chunk } }
        #expect(error?.code == .timedOut)
        #expect(read == Array("half".utf8))
    }

    @Test("a body that trickles for longer than all of it may take ends the transfer")
    func totalTimeout() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while connection.writeAll([7]) > 0 {
                var wait = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&wait, 1, 10) != 0 { return }
            }
        }
        let request = HTTPRequest("GET", server.url(), totalTimeout: .milliseconds(300))
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(request).collect(upTo: 1 << 20)
        }
        #expect(error?.code == .timedOut && error?.message.contains("300 ms") == true)
    }

    @Test("a body may be silent for as long as it likes where the request says so")
    func silentBody() async throws {
        let mayEnd = Signal()
        let server = try ScriptedServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
            mayEnd.block()
            connection.write("ok")
        }
        let response = try await client.send(
            HTTPRequest("GET", server.url(), headerTimeout: .milliseconds(500), idleTimeout: nil))
        // Another request that times out shows that the clock has gone past the first one's limits.
        let other = try ScriptedServer { connection in connection.waitForClose() }
        await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest("GET", other.url(), headerTimeout: .milliseconds(700)))
        }
        mayEnd.give()
        #expect(try await response.collect(upTo: 2) == Array("ok".utf8))
    }

    @Test("many transfers share the thread")
    func many() async throws {
        let server = try ScriptedServer { connection in
            while let request = connection.readRequest() {
                let path = String(request.line.split(separator: " ")[1])
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let path = "/\(number)"
                    let response = try await client.send(HTTPRequest("GET", server.url(path)))
                    return try await response.collect(upTo: 100) == Array(path.utf8)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}

extension ScriptedServer.Connection {
    /// Reads a chunked body after its head.
    func readChunked(_ head: ScriptedServer.Request) -> ScriptedServer.Request {
        var request = head
        while let size = readChunkSize(), size > 0 {
            request.body += read(size)
            _ = read(2)
        }
        return request
    }

    /// Waits without reading until the client has gone.
    func waitForReset() {
        var wait = pollfd(fd: descriptor, events: 0, revents: 0)
        _ = poll(&wait, 1, -1)
    }

    private func readChunkSize() -> Int? {
        var digits = ""
        while let byte = read(1).first, byte != 10 {
            if byte != 13 { digits.append(Character(UnicodeScalar(byte))) }
        }
        return Int(digits, radix: 16)
    }
}
