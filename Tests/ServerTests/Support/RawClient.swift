import Dispatch
import Glibc

/// A client that speaks HTTP as badly as a test wants: bytes over a plain socket, with a thread of its own.
struct RawClient: Sendable {
    /// What came of a connection.
    struct Outcome: Sendable {
        /// What the server sent, up to the end of the connection.
        var text: String
        /// How many of the bytes were sent that were to be sent slowly.
        var trickled = 0
        /// How long the connection was open.
        var lasted: Duration

        var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
    }

    var port: Int

    /// Sends bytes at once, then one byte of `trickle` after the other with `pause` between them, again from its start
    /// when it is used up, until the server has ended the connection.
    /// - Throws: `Failure` where the server has not ended it within the limit.
    func send(
        _ start: String, trickle: String = "", pause: Duration = .milliseconds(20), limit: Duration = .seconds(20)
    ) async throws -> Outcome {
        try await onThread {
            let socket = try Connection(port: port)
            let clock = ContinuousClock()
            let begun = clock.now
            var outcome = Outcome(text: "", lasted: .zero)
            try socket.write(Array(start.utf8))
            let bytes = Array(trickle.utf8)
            while clock.now - begun < limit {
                if try socket.isReadable(within: pause) {
                    guard let part = socket.read() else {
                        outcome.lasted = clock.now - begun
                        return outcome
                    }
                    outcome.text += part
                } else if !bytes.isEmpty {
                    // A server that has ended it says so at the next read.
                    try? socket.write([bytes[outcome.trickled % bytes.count]])
                    outcome.trickled += 1
                }
            }
            throw Failure(what: "the server has not ended the connection; it sent: \(outcome.text)")
        }
    }

    /// Sends headers and a body of that many equal bytes from one small buffer, and reads what comes, until the server
    /// has answered or ended the connection.
    /// - Returns: the answer's status, and how many bytes of the body were sent.
    func upload(_ headers: String, size: Int) async throws -> (status: Int?, sent: Int) {
        try await onThread {
            let socket = try Connection(port: port)
            try socket.write(Array(headers.utf8))
            var sent = 0
            while sent < size {
                let part = Self.buffer.prefix(size - sent)
                if (try? socket.write(part)) == nil { break }
                sent += part.count
            }
            var text = ""
            while !text.contains("\r\n\r\n"), try socket.isReadable(within: .seconds(60)), let part = socket.read() {
                text += part
            }
            return (Outcome(text: text, lasted: .zero).status, sent)
        }
    }

    /// One for all clients, so that a test of the server's memory does not measure theirs.
    private static let buffer = [UInt8](repeating: UInt8(ascii: "a"), count: 64 << 10)

    struct Failure: Error { var what: String }

    /// Runs blocking work beside Swift's own threads.
    private func onThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "raw client").async {
                continuation.resume(with: Swift.Result { try work() })
            }
        }
    }

    /// A connected socket, closed with its last reference.
    private final class Connection {
        private let descriptor: Int32

        init(port: Int) throws {
            descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw Failure(what: "cannot connect: \(errno)") }
        }

        deinit { close(descriptor) }

        func write(_ bytes: some RandomAccessCollection<UInt8>) throws {
            guard try bytes.withContiguousStorageIfAvailable(write) == nil else { return }
            try Array(bytes).withUnsafeBufferPointer(write)
        }

        private func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
                guard count > 0 else { throw Failure(what: "cannot write: \(errno)") }
                offset += count
            }
        }

        func isReadable(within time: Duration) throws -> Bool {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32(time / .milliseconds(1))
            return poll(&request, 1, milliseconds) > 0
        }

        /// What has come; nil where the server has ended the connection.
        func read() -> String? {
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }
}
