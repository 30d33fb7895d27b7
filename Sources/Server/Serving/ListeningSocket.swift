import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A socket that connections are taken from. It outlives the program of a process: the next one in its place goes on with
/// it, and whoever connected meanwhile waits in its queue.
public final class ListeningSocket: Sendable {
    /// The variable that tells the next program in this process which descriptor the socket is.
    public static let variable = "PAWL_LISTENING_SOCKET"
    /// How many connections wait at most until they are taken; the kernel may allow fewer (`net.core.somaxconn`).
    private static let queue: Int32 = 4_096

    private let descriptor: Int32
    /// Where it listens.
    public let address: SocketAddress

    /// Takes an address.
    /// - Parameter port: 0 takes a free one.
    /// - Throws: `ListeningError` where the address cannot be taken.
    public init(host: String, port: Int) throws(ListeningError) {
        func failure(_ code: Int32) -> ListeningError {
            ListeningError(
                address: "\(host):\(port)", cause: String(cString: strerror(code)), isTaken: code == EADDRINUSE)
        }
        let wanted: SocketAddress
        do {
            wanted = try .makeAddressResolvingHost(host, port: port)
        } catch {
            throw ListeningError(address: "\(host):\(port)", cause: "\(host) is no address of this machine")
        }
        let descriptor = socket(wanted.protocol.rawValue, Int32(SOCK_STREAM.rawValue) | Self.flags, 0)
        guard descriptor >= 0 else { throw failure(errno) }
        var isOn: Int32 = 1
        // Connections of a process that has ended do not keep the address from the next one.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        guard wanted.withSockAddr({ bind(descriptor, $0, socklen_t($1)) }) == 0, listen(descriptor, Self.queue) == 0
        else {
            defer { close(descriptor) }
            throw failure(errno)
        }
        guard let address = Self.address(of: descriptor) else {
            defer { close(descriptor) }
            throw failure(errno)
        }
        (self.descriptor, self.address) = (descriptor, address)
    }

    /// The socket that the program before this one in the process left, where it did. Call it before any other program
    /// is started: nobody else is to have the socket.
    public init?(inherited environment: [String: String]) {
        guard let text = environment[Self.variable], let descriptor = Int32(text), descriptor > 2 else { return nil }
        unsetenv(Self.variable)
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening != 0,
            let address = Self.address(of: descriptor)
        else { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        (self.descriptor, self.address) = (descriptor, address)
    }

    deinit { close(descriptor) }

    /// Its port.
    public var port: Int { address.port ?? 0 }

    /// Whether it is what a host and a port ask for; any port where that is 0.
    public func serves(host: String, port: Int) -> Bool {
        guard let wanted = try? SocketAddress.makeAddressResolvingHost(host, port: port == 0 ? self.port : port) else {
            return false
        }
        return wanted == address
    }

    /// The socket once more, for whoever closes what they listen on.
    /// - Throws: `ListeningError` where no descriptor is free.
    func duplicate() throws -> NIOBSDSocket.Handle {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw ListeningError(address: "\(address)", cause: String(cString: strerror(errno))) }
        return copy
    }

    /// Lets the next program in this process have it.
    /// - Returns: the variable's value for its environment.
    public func bequeath() -> String {
        _ = fcntl(descriptor, F_SETFD, 0)
        return "\(descriptor)"
    }

    private static let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    private static func address(of descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let isKnown = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &size)
            }
            guard isKnown == 0 else { return nil }
            switch Int32(pointer.pointee.ss_family) {
            case AF_INET:
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
            case AF_INET6:
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
            default: return nil
            }
        }
    }
}

/// Why nothing can be listened on.
public struct ListeningError: Error, CustomStringConvertible {
    /// The address that was wanted.
    public var address: String
    /// The system's words.
    public var cause: String
    /// Whether another program listens there.
    public var isTaken = false

    /// Both, in a line.
    public var description: String { "\(address): \(cause)" }
}
