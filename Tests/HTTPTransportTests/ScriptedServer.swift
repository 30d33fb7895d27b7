import Foundation
import NIOConcurrencyHelpers

private let noSignal = Int32(MSG_NOSIGNAL)
private let noWait = Int32(MSG_DONTWAIT)

/// A server on a real socket that answers each connection with a script written in the test.
final class ScriptedServer: Sendable {
    /// One request as it came over the wire.
    struct Request: Sendable {
        var line: String
        var headers: [String: String]
        var body: [UInt8]
    }

    /// One accepted connection, used by its script's thread alone.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Reads one request with its body, by length or chunked; nil when the client has gone.
        func readRequest() -> Request? {
            guard var request = readHead() else { return nil }
            if let length = request.headers["content-length"].flatMap(Int.init) {
                request.body = read(length)
            } else if request.headers["transfer-encoding"] == "chunked" {
                while let line = readLine(), let size = Int(line, radix: 16), size > 0 {
                    request.body += read(size)
                    _ = readLine()
                }
                _ = readLine()
            }
            return request
        }

        /// Reads a request's head only, so that a script can take the body as slowly as it likes.
        func readHead() -> Request? {
            guard let line = readLine(), !line.isEmpty else { return nil }
            var headers: [String: String] = [:]
            while let header = readLine(), !header.isEmpty {
                let parts = header.split(separator: ":", maxSplits: 1)
                headers[parts[0].lowercased()] = parts.dropFirst().first?.trimmingCharacters(in: .whitespaces) ?? ""
            }
            return Request(line: line, headers: headers, body: [])
        }

        func write(_ text: String) { write(Array(text.utf8)) }

        func write(_ bytes: [UInt8]) { _ = writeAll(bytes) }

        /// Writes all bytes, and says how many went out before the client went away.
        func writeAll(_ bytes: [UInt8]) -> Int {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, noSignal)
                }
                if count <= 0 { break }
                sent += count
            }
            return sent
        }

        /// Writes what fits without waiting, and says how much that was.
        func writeWithoutWaiting(_ bytes: [UInt8]) -> Int {
            max(0, Glibc.send(descriptor, bytes, bytes.count, noSignal | noWait))
        }

        /// Reads exactly so many bytes, or what came before the end.
        func read(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = bytes.withUnsafeMutableBytes {
                    recv(descriptor, $0.baseAddress! + filled, count - filled, 0)
                }
                if got <= 0 { break }
                filled += got
            }
            return Array(bytes.prefix(filled))
        }

        /// Waits until the client has closed the connection.
        func waitForClose() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }

        /// Breaks the connection off with a reset instead of an end.
        func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        }

        private func readLine() -> String? {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) == 1 {
                if byte == UInt8(ascii: "\n") { return String(decoding: line.filter { $0 != 13 }, as: UTF8.self) }
                line.append(byte)
            }
            return nil
        }
    }

    let port: UInt16
    private let listener: Int32
    private let connections = NIOLockedValueBox(0)

    /// The URL of a path on the server.
    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// How many connections were accepted.
    var connectionCount: Int { connections.withLockedValue { $0 } }

    /// Listens on loopback, or at a Unix socket's path; each connection runs the script on a thread of its own and is
    /// closed when the script returns.
    init(unixSocket path: String? = nil, script: @escaping @Sendable (Connection) -> Void) throws {
        let family = path == nil ? AF_INET : AF_UNIX
        listener = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        var port: UInt16 = 0
        if let path {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8) + [0]) }
            try Self.check(bind(listener, Self.generic(&address), socklen_t(MemoryLayout<sockaddr_un>.size)))
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            try Self.check(bind(listener, Self.generic(&address), socklen_t(MemoryLayout<sockaddr_in>.size)))
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            try Self.check(getsockname(listener, Self.generic(&address), &length))
            port = UInt16(bigEndian: address.sin_port)
        }
        self.port = port
        try Self.check(listen(listener, 64))
        let (listener, connections) = (listener, connections)
        Thread {
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { return }
                connections.withLockedValue { $0 += 1 }
                Thread {
                    script(Connection(descriptor: descriptor))
                    close(descriptor)
                }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func generic<Address>(_ address: inout Address) -> UnsafeMutablePointer<sockaddr> {
        withUnsafeMutablePointer(to: &address) {
            UnsafeMutableRawPointer($0).assumingMemoryBound(to: sockaddr.self)
        }
    }

    private static func check(_ code: Int32) throws {
        if code < 0 { throw CocoaError(.fileReadUnknown, userInfo: ["errno": String(cString: strerror(errno))]) }
    }
}

/// Something that a script and a test tell each other once.
struct Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let semaphore = DispatchSemaphore(value: 0)

    init() { (stream, continuation) = AsyncStream.makeStream() }

    /// Says that it has happened.
    func give() {
        continuation.yield()
        semaphore.signal()
    }

    /// Waits in a task.
    func wait() async { for await _ in stream { return } }

    /// Waits on a script's thread.
    func block() { semaphore.wait() }
}
