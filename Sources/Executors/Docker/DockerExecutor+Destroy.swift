import PipelineModel

extension DockerExecutor {
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
