import Foundation
import Glibc

/// A connection on loopback, for requests that no client would send.
final class RawSocket: Sendable {
    struct Failure: Error {}

    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let descriptor = descriptor
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw Failure() }
    }

    deinit { close(descriptor) }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Ends the connection.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// What comes until the other side ends the connection.
    func untilClosed() async throws -> String { try await read { _ in false } }

    /// Waits for a text.
    /// - Returns: whether it came.
    func until(_ text: String) async throws -> Bool { try await read { $0.contains(text) }.contains(text) }

    private func read(until isEnough: @escaping @Sendable (String) -> Bool) async throws -> String {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while !isEnough(String(decoding: bytes, as: UTF8.self)) {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    if count <= 0 { break }
                    bytes += buffer[..<count]
                }
                continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}
