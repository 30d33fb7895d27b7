import Executors
import Foundation
import PipelineModel
import Runner
import Server
import ServiceLifecycle

extension Assembly {
    /// What puts together what an attempt needs, whichever runner has it.
    var assignments: AssignmentBuilder {
        AssignmentBuilder(
            store: store, vault: vault, forges: forges, limits: settings.limits,
            registryLogins: settings.registries, defaultImage: settings.server.defaultImage,
            artifactRetention: settings.retention.artifacts, links: links)
    }

    /// The runner inside the server, and the fence around its jobs.
    func runner(
        as id: RunnerID, terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp
    ) throws -> any Service {
        let coordinator = LocalCoordinator(
            store: store, runner: id, assignments: assignments, terms: terms, now: now)
        let runnerSettings = settings.runner.ofRunner(
            in: folder, defaultImage: settings.server.defaultImage, faults: faults)
        let docker = DockerExecutor(
            engine: engine,
            settings: .init(
                instance: try runnerSettings.instance(), networks: networks, pulledImages: pulledImages))
        let start = ContinuousClock.now
        let logger = logger
        let executor = FencedExecutor(
            docker, fence: NetworkFence(networks: networks), allowsUnfenced: settings.runner.allowsUnfenced,
            now: { ContinuousClock.now - start },
            onObstacle: { logger.warning("jobs could reach this host", metadata: ["fence": "\($0)"]) })
        return EmbeddedRunner(
            id: id,
            runner: try RunnerService(
                settings: runnerSettings, coordinator: coordinator, executor: executor, mirrors: mirrors,
                logger: logger),
            store: store, executor: executor, now: now, logger: logger)
    }
}
