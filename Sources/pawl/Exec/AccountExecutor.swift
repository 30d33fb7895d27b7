import Executors
import Foundation
import Glibc
import NIOConcurrencyHelpers
import PipelineModel

/// Gives the files that a job's container has made back to the account that runs it.
///
/// Containers mostly write as root, and who is not root can then neither keep such files as artifacts nor remove them.
/// So when a container has ended and has left files of another account, one more container of its image hands them
/// over. Where the engine itself belongs to the account there is nothing to do.
struct AccountExecutor: Executor {
    private let base: any Executor
    private let account: uid_t
    private let specifications = NIOLockedValueBox<[String: ContainerSpecification]>([:])

    /// Runs containers with another executor, for an account that is not root.
    init(_ base: any Executor, account: uid_t = geteuid()) {
        self.base = base
        self.account = account
    }

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        let handle = try await base.create(specification)
        specifications.withLockedValue { $0[handle.id] = specification }
        return handle
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        let result: Result<ContainerExit, any Error>
        do {
            result = .success(try await base.run(container, output: output))
        } catch {
            result = .failure(error)
        }
        if let specification = specifications.withLockedValue({ $0[container.id] }) {
            // Also when the job is stopped: its workspace is to be removed then.
            await Task { await handBack(specification) }.value
        }
        return try result.get()
    }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await base.stop(container, grace: grace)
    }

    func destroy(_ container: ContainerHandle) async throws {
        specifications.withLockedValue { $0[container.id] = nil }
        try await base.destroy(container)
    }

    func doorway(of container: ContainerHandle) async throws -> Doorway? { try await base.doorway(of: container) }

    func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws {
        try await base.open(port, at: doorway, to: container)
    }

    func leftovers() async throws -> [ContainerHandle] { try await base.leftovers() }

    func readiness() async throws -> ExecutorReadiness { try await base.readiness() }

    /// What cannot be handed back fails where it is needed, with words of its own.
    private func handBack(_ specification: ContainerSpecification) async {
        let folders = specification.mounts.filter { !$0.isReadOnly && hasForeignFiles($0.source) }.map(\.target)
        // What is mounted read-only belongs to the account whatever it is called inside the container.
        guard !folders.isEmpty, let own = specification.mounts.first(where: \.isReadOnly)?.target else { return }
        var handing = specification
        // Named by the lease, too, but not as the job's own container is.
        handing.labels.key.epoch = -specification.labels.key.epoch
        handing.command =
            [
                "sh", "-c", #"own=$1; shift; chown -hR "$(stat -c %u:%g "$own")" "$@" || chmod -R a+rwX "$@""#, "sh",
                own,
            ] + folders
        handing.entrypoint = [""]
        handing.user = nil
        handing.pullPolicies = [.never]
        handing.network = .none
        guard let container = try? await base.create(handing) else { return }
        _ = try? await base.run(container) { _ in }
        try? await base.destroy(container)
    }

    /// Whether anything below a folder is another account's. Links are not followed.
    private func hasForeignFiles(_ folder: String) -> Bool {
        let walker = FileManager.default.enumerator(atPath: folder)
        while let path = walker?.nextObject() as? String {
            var status = stat()
            if lstat("\(folder)/\(path)", &status) == 0, status.st_uid != account { return true }
        }
        return false
    }
}
