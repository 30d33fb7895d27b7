import Executors
import Foundation
import NIOConcurrencyHelpers

/// An executor that tells when a container has written a text.
final class WatchingExecutor: Executor {
    /// Given when the text was written.
    let seen = ExecutorSignal()
    private let inner: any Executor
    private let text: String
    private let written = NIOLockedValueBox("")

    init(_ inner: any Executor, waitingFor text: String) {
        self.inner = inner
        self.text = text
    }

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        try await inner.create(specification)
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        try await inner.run(container) { piece in
            try await output(piece)
            let isThere = self.written.withLockedValue { written in
                written += String(decoding: piece.bytes, as: UTF8.self)
                return written.contains(self.text)
            }
            if isThere { self.seen.give() }
        }
    }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await inner.stop(container, grace: grace)
    }

    func doorway(of container: ContainerHandle) async throws -> Doorway? { try await inner.doorway(of: container) }
    func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws {
        try await inner.open(port, at: doorway, to: container)
    }
    func remove(_ container: ContainerHandle) async throws { try await inner.remove(container) }
    func destroy(_ container: ContainerHandle) async throws { try await inner.destroy(container) }

    func leftovers() async throws -> [ContainerHandle] { try await inner.leftovers() }

    func readiness() async throws -> ExecutorReadiness { try await inner.readiness() }
}
