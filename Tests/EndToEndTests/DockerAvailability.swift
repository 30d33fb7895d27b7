import Foundation
import Testing

/// The engine that the scenarios' jobs run in, and whether it is there.
enum Docker {
    /// `PAWL_DOCKER_SOCKET`, else the one of `scripts/dockerd`, else the machine's.
    static let socket: String = {
        if let named = ProcessInfo.processInfo.environment["PAWL_DOCKER_SOCKET"] { return named }
        let own = "/tmp/pawl-dockerd-\(getuid())/docker.sock"
        return access(own, F_OK) == 0 ? own : "/var/run/docker.sock"
    }()

    /// Whether something accepts connections at the socket.
    static let isReachable: Bool = {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8.prefix(100))) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }()
}

extension Trait where Self == ConditionTrait {
    /// Skips where no engine answers.
    static var needsDocker: Self { .enabled(if: Docker.isReachable, "needs a Docker Engine: scripts/dockerd start") }

    /// Skips where packet filters cannot be set.
    static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root: network rules cannot be set without it") }
}
