import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Testing

/// The engine that the tests use, and whether it is there.
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

    static let client = HTTPClient()

    static func engine() -> DockerEngine { DockerEngine(socket: socket, sender: client) }

    /// An executor with an instance of its own, so that suites at the same time do not see each other's containers.
    static func executor(networks: IPv4Range = .jobNetworks) -> DockerExecutor {
        DockerExecutor(
            engine: engine(),
            settings: .init(instance: "test-\(UUID().uuidString.prefix(8))", networks: networks))
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where no engine answers.
    static var needsDocker: Self { .enabled(if: Docker.isReachable, "needs a Docker Engine: scripts/dockerd start") }

    /// Skips where packet filters cannot be set.
    static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root: network rules cannot be set without it") }
}

/// Collects what a container writes.
actor Output {
    private var pieces: [ContainerOutput] = []

    func append(_ piece: ContainerOutput) { pieces.append(piece) }

    func text(_ stream: ContainerOutput.Stream = .standardOutput) -> String {
        String(decoding: bytes(stream), as: UTF8.self)
    }

    func bytes(_ stream: ContainerOutput.Stream = .standardOutput) -> [UInt8] {
        pieces.filter { $0.stream == stream }.flatMap(\.bytes)
    }
}

extension ContainerSpecification {
    /// A shell script in the tests' own image.
    static func shell(
        _ script: String, instance: String, attempt: Int64 = 1, limits: JobLimits = JobLimits(),
        network: Network = .none
    ) -> ContainerSpecification {
        ContainerSpecification(
            labels: ContainerLabels(
                instance: instance,
                key: LeaseKey(job: 1, attempt: AttemptID(rawValue: attempt), epoch: 1)),
            image: "pawl-test:tiny", command: ["sh", "-c", script], workingDirectory: "/", limits: limits,
            pullPolicies: [.never], network: network)
    }
}

extension DockerExecutor {
    /// Runs a shell script in a container of its own and removes it, whatever happens.
    func runShell(
        _ script: String, limits: JobLimits = JobLimits(), network: ContainerSpecification.Network = .none,
        mounts: [ContainerSpecification.Mount] = [], environment: [(name: String, value: String)] = []
    ) async throws -> (exit: ContainerExit, output: Output) {
        var specification = ContainerSpecification.shell(
            script, instance: "shell-\(UUID().uuidString.prefix(8))", limits: limits, network: network)
        specification.mounts = mounts
        specification.environment = environment
        let handle = try await create(specification)
        let output = Output()
        do {
            let exit = try await run(handle) { await output.append($0) }
            try await destroy(handle)
            return (exit, output)
        } catch {
            try? await destroy(handle)
            throw error
        }
    }
}
