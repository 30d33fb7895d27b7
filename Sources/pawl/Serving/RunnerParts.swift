import Executors
import Logging
import PipelineModel
import Runner

/// What a runner is put together from: its settings, its executor behind a fence, and what looks at its machine.
struct RunnerParts: Sendable {
    let settings: RunnerSettings
    let executor: FencedExecutor
    let machine: MachineInventory

    /// Puts a runner's parts together. Makes its state folder; nothing is sent yet.
    init(
        _ runner: Settings.Runner, settings: RunnerSettings, engine: DockerEngine, networks: IPv4Range,
        pulledImages: PulledImages?, logger: Logger
    ) throws {
        let docker = DockerExecutor(
            engine: engine,
            settings: .init(instance: try settings.instance(), networks: networks, pulledImages: pulledImages))
        let start = ContinuousClock.now
        self.settings = settings
        executor = FencedExecutor(
            docker, fence: NetworkFence(networks: networks), allowsUnfenced: runner.allowsUnfenced,
            now: { ContinuousClock.now - start },
            onObstacle: { logger.warning("jobs could reach this host", metadata: ["fence": "\($0)"]) })
        machine = MachineInventory(
            settings: .init(
                declaredGPUs: runner.declaredGPUs, data: settings.data.mapValues(\.path),
                closedData: Set(settings.data.filter { !$0.value.forks }.keys),
                toldFaults: settings.stateFolder + "/told-faults"),
            of: docker)
    }
}

extension MachineInventory {
    /// Looks at the machine of an engine, whose containers with the executor's label are the runner's own.
    init(settings: Settings, of docker: DockerExecutor) {
        let start = ContinuousClock.now
        let engine = docker.engine
        self.init(
            settings: settings, containers: { Set(try await docker.leftovers().map(\.id)) },
            engine: { try? await engine.version().words }, now: { ContinuousClock.now - start })
    }
}

extension DockerEngine.Version {
    /// The engine for a person: `Docker 24.0.7`.
    var words: String { (isPodman ? "Podman " : "Docker ") + engine }
}
