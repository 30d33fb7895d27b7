import Executors
import Foundation
import HTTPTransport
import PipelineModel

/// The container engine in which the jobs of cases run, without a network.
struct CaseEngine: Sendable {
    /// Why nothing runs where there is none.
    static let absence = "needs a Docker Engine and its images: scripts/dockerd start, scripts/images"

    private static let client = HTTPClient()

    /// `PAWL_DOCKER_SOCKET`, else the one of `scripts/dockerd`, else the machine's.
    private static let engine: DockerEngine = {
        let own = "/tmp/pawl-dockerd-\(getuid())/docker.sock"
        let usual = access(own, F_OK) == 0 ? own : "/var/run/docker.sock"
        let named = ProcessInfo.processInfo.environment["PAWL_DOCKER_SOCKET"]
        return DockerEngine(socket: named ?? usual, sender: client)
    }()

    /// Whether the engine answers and has the images.
    static func isReady() async -> Bool {
        guard let images = try? await engine.images() else { return false }
        return Image.allCases.allSatisfy { image in images.contains { $0.tags.contains(image.rawValue) } }
    }

    /// The images that stand in for those of pipeline files.
    enum Image: String, CaseIterable {
        case tiny = "pawl-test:tiny"
        case bash = "pawl-test:bash"
    }

    /// An executor for one runner.
    static func executor(instance: String) -> any Executor {
        OfflineExecutor(real: DockerExecutor(engine: engine, settings: .init(instance: instance)))
    }
}

/// Runs jobs in the engine without a network of their own: cases need none, and each costs a while to make.
private struct OfflineExecutor: Executor {
    let real: DockerExecutor

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        var specification = specification
        specification.network = .none
        return try await real.create(specification)
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        try await real.run(container, output: output)
    }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await real.stop(container, grace: grace)
    }

    func destroy(_ container: ContainerHandle) async throws { try await real.destroy(container) }

    func leftovers() async throws -> [ContainerHandle] { try await real.leftovers() }
}
