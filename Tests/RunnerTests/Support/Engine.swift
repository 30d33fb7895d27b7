import Executors
import Foundation
import HTTPTransport
import Testing

/// The engine that the tests use, and whether it answers and has the small image.
enum Engine {
    static let client = HTTPClient()
    static let socket: String = {
        if let named = ProcessInfo.processInfo.environment["PAWL_DOCKER_SOCKET"] { return named }
        let own = "/tmp/pawl-dockerd-\(getuid())/docker.sock"
        return FileManager.default.fileExists(atPath: own) ? own : "/var/run/docker.sock"
    }()

    static func executor(instance: String = "runner-\(UUID().uuidString.prefix(8))") -> DockerExecutor {
        DockerExecutor(engine: DockerEngine(socket: socket, sender: client), settings: .init(instance: instance))
    }

    static func isReachable() async -> Bool { (try? await executor().leftovers()) != nil }
}

extension Trait where Self == ConditionTrait {
    /// Skips where no engine answers.
    static var needsDocker: Self {
        .enabled("needs a Docker Engine: scripts/dockerd start") { await Engine.isReachable() }
    }

    /// Skips where nothing can be mounted.
    static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root: a disk is mounted") }
}
