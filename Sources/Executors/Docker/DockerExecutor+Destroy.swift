import Glibc
import PipelineModel

extension DockerExecutor {
    /// Asks the engine whether it answers, and where it keeps what it makes.
    public func readiness() async throws -> ExecutorReadiness {
        do {
            try await engine.ping()
            // An engine elsewhere, or in a namespace of its own, fills no folder that can be looked at here.
            let folder = try await engine.storageFolder().flatMap { access($0, F_OK) == 0 ? $0 : nil }
            return ExecutorReadiness(storageFolders: folder.map { [$0] } ?? [])
        } catch {
            throw Self.translated(error, doing: "say whether it is ready")
        }
    }

    /// Removes the container. Its network takes the engine several times as long.
    public func remove(_ container: ContainerHandle) async throws {
        runs.forget(container.id)
        do {
            try await engine.removeContainer(container.id)
        } catch {
            throw Self.translated(error, doing: "remove a container")
        }
    }

    /// Removes the container, then its network. A failure does not keep it from trying the rest; the first is thrown.
    public func destroy(_ container: ContainerHandle) async throws {
        runs.forget(container.id)
        var firstError: (any Error)?
        do { try await engine.removeContainer(container.id) } catch { firstError = error }
        if let networkID = container.networkID {
            do { try await engine.removeNetwork(networkID) } catch { firstError = firstError ?? error }
        }
        if let firstError { throw Self.translated(firstError, doing: "remove a container") }
    }

    /// Containers and networks with this instance's label, each container with its network. A network without a
    /// container is named by the container it was made for.
    public func leftovers() async throws -> [ContainerHandle] {
        do {
            let label = ["pawl.instance=\(settings.instance)"]
            async let containers = engine.containers(labels: label)
            async let networks = engine.networks(labels: label)
            var handles: [ContainerLabels: ContainerHandle] = [:]
            for container in try await containers {
                guard let labels = container.labels.flatMap({ ContainerLabels($0) }) else { continue }
                handles[labels] = ContainerHandle(id: container.id, labels: labels)
            }
            for network in try await networks {
                guard let labels = network.labels.flatMap({ ContainerLabels($0) }) else { continue }
                handles[labels, default: ContainerHandle(id: labels.engineName, labels: labels)].networkID = network.id
            }
            return handles.values.sorted { $0.labels.key.attempt < $1.labels.key.attempt }
        } catch {
            throw Self.translated(error, doing: "list what is left over")
        }
    }
}
