import Foundation
import NIOConcurrencyHelpers

/// Passes TCP connections on to a port of this machine, counts what goes through, and cuts all of them when it has
/// counted so far: what a network does to a runner and its server.
final class Relay: Sendable {
    /// Where it listens.
    let port: Int
    private let target: Int
    private let listener: Int32
    private let state: NIOLockedValueBox<State>

    private struct State {
        var passed: Int64 = 0
        var cuts: [Int64]
        var open: [ObjectIdentifier: Connection] = [:]
    }

    /// The two ends of one connection, closed with its last reference.
    private final class Connection: Sendable {
        let near: Int32
        let far: Int32

        init(near: Int32, far: Int32) { (self.near, self.far) = (near, far) }
        deinit { for end in [near, far] { close(end) } }
        func cut() { for end in [near, far] { shutdown(end, Int32(SHUT_RDWR)) } }
    }

    /// Listens.
    /// - Parameter cuts: after how many bytes, in both directions together, every connection is cut.
    init(to target: Int, cutAfter cuts: [Int64]) throws {
        self.target = target
        state = NIOLockedValueBox(State(cuts: cuts.sorted()))
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let bound = Self.withLoopback(0) { bind(listener, $0, $1) }
        guard bound == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(listener, $0, &size) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.listener = listener
        Thread.detachNewThread { [self] in take() }
    }

    /// How many bytes have gone through, in both directions.
    var passed: Int64 { state.withLockedValue { $0.passed } }

    /// How many cuts are still to come.
    var cutsLeft: Int { state.withLockedValue { $0.cuts.count } }

    /// Takes no more connections, and cuts those that there are.
    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in state.withLockedValue({ $0.open.values }) { connection.cut() }
    }

    private func take() {
        while true {
            let near = accept(listener, nil, nil)
            if near < 0 && errno == EINTR { continue }
            guard near >= 0 else { break }
            _ = fcntl(near, F_SETFD, FD_CLOEXEC)
            let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            let connection = Connection(near: near, far: far)
            guard Self.withLoopback(target, { connect(far, $0, $1) }) == 0 else { continue }
            state.withLockedValue { $0.open[ObjectIdentifier(connection)] = connection }
            for (from, to) in [(near, far), (far, near)] {
                Thread.detachNewThread { [self] in pass(connection, from, to) }
            }
        }
        close(listener)
    }

    private func pass(_ connection: Connection, _ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            note(Int64(count))
            var sent = 0
            while sent < count {
                let part = buffer.withUnsafeBytes {
                    send(to, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
                }
                guard part > 0 else { return connection.cut() }
                sent += part
            }
        }
        // One direction may end before the other.
        shutdown(to, Int32(SHUT_WR))
        _ = state.withLockedValue { $0.open.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    private func note(_ count: Int64) {
        let hit = state.withLockedValue { state -> [Connection] in
            state.passed += count
            guard let next = state.cuts.first, state.passed >= next else { return [] }
            state.cuts.removeFirst()
            return Array(state.open.values)
        }
        for connection in hit { connection.cut() }
    }

    private static func withLoopback(
        _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
