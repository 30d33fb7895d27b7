import Executors
import Glibc
import NIOConcurrencyHelpers
import PipelineModel
import Subprocess
import SystemPackage

/// Runs a container's command as a process of this machine. What the container would see under a mount's target is
/// looked for under its source.
final class ProcessExecutor: Executor {
    private struct Container {
        var handle: ContainerHandle
        var specification: ContainerSpecification
        var process: pid_t?
    }

    private let containers = NIOLockedValueBox<[String: Container]>([:])

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        containers.withLockedValue { known in
            let handle = ContainerHandle(id: "process-\(known.count + 1)", labels: specification.labels)
            known[handle.id] = Container(handle: handle, specification: specification)
            return handle
        }
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        guard let known = containers.withLockedValue({ $0[container.id] }) else {
            throw ExecutorError(.refused, message: "no such container")
        }
        let specification = known.specification
        func place(_ path: String) -> String {
            for mount in specification.mounts where path.hasPrefix(mount.target) {
                return mount.source + path.dropFirst(mount.target.count)
            }
            return path
        }
        let command = specification.command.map(place)
        var options = PlatformOptions()
        options.createSession = true
        let result = try await Subprocess.run(
            .name(command[0]), arguments: Arguments(Array(command.dropFirst())),
            environment: .custom(["PATH": "/usr/bin:/bin"]),
            workingDirectory: FilePath(place(specification.workingDirectory)), platformOptions: options, input: .none,
            output: .sequence, error: .combinedWithOutput
        ) { execution in
            let process = execution.processIdentifier.value
            self.containers.withLockedValue { $0[container.id]?.process = process }
            for try await piece in execution.standardOutput {
                try await output(ContainerOutput(.standardOutput, piece.withUnsafeBytes { Array($0) }))
            }
        }
        switch result.terminationStatus {
        case .exited(let code): return ContainerExit(code: Int(code))
        case .signaled(let signal): return ContainerExit(code: 128 + Int(signal))
        }
    }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        if let process = containers.withLockedValue({ $0[container.id]?.process }) { kill(process, SIGTERM) }
    }

    func doorway(of container: ContainerHandle) async throws -> Doorway? {
        IPv4Range("127.0.0.0/8").map { Doorway(address: "127.0.0.1", network: $0) }
    }

    func destroy(_ container: ContainerHandle) async throws {
        if let process = containers.withLockedValue({ $0.removeValue(forKey: container.id)?.process }) {
            kill(-process, SIGKILL)
        }
    }

    func leftovers() async throws -> [ContainerHandle] { containers.withLockedValue { $0.values.map(\.handle) } }
}
