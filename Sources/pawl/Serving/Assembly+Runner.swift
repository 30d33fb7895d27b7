import Executors
import Foundation
import PipelineModel
import Runner
import Server
import ServiceLifecycle

extension Assembly {
    /// The runner inside the server, and the fence around its jobs.
    func runner(terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp) throws -> any Service {
        let assignments = AssignmentBuilder(
            store: store, vault: vault, forges: forges, limits: settings.limits,
            registryLogins: settings.registries, defaultImage: settings.server.defaultImage,
            artifactRetention: settings.retention.artifacts, pipelineURL: { links.link(to: $0) })
        let coordinator = LocalCoordinator(store: store, assignments: assignments, terms: terms, now: now)
        let runnerSettings = settings.runner.ofRunner(
            in: folder, defaultImage: settings.server.defaultImage, faults: faults)
        let executor = DockerExecutor(
            engine: engine, settings: .init(instance: try runnerSettings.instance(), networks: networks))
        return EmbeddedRunner(
            name: runnerSettings.name,
            runner: try RunnerService(
                settings: runnerSettings, coordinator: coordinator, executor: executor, mirrors: mirrors,
                logger: logger),
            store: store, fence: NetworkFence(networks: networks), now: now, logger: logger)
    }
}
