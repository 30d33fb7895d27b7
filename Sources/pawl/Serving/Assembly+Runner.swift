import Executors
import Foundation
import PipelineModel
import Runner
import Server
import ServiceLifecycle

extension Assembly {
    /// The runner inside the server.
    func runner(
        _ parts: RunnerParts, as id: RunnerID, terms: LeaseTerms, now: @escaping @Sendable () -> Timestamp
    ) throws -> any Service {
        let coordinator = LocalCoordinator(
            store: store, runner: id, assignments: assignments, terms: terms, now: now)
        return EmbeddedRunner(
            id: id,
            runner: try RunnerService(
                settings: parts.settings, coordinator: coordinator, executor: parts.executor, mirrors: mirrors,
                inventory: { await parts.machine.look($0) }, power: { await parts.machine.power() }, logger: logger),
            store: store, executor: parts.executor, machine: parts.machine, now: now, logger: logger)
    }

    /// What attempts are handed out with.
    var assignments: AssignmentBuilder {
        AssignmentBuilder(
            store: store, vault: vault, forges: forges, limits: settings.limits,
            registryLogins: settings.registries, defaultImage: settings.server.defaultImage,
            artifactRetention: settings.retention.artifacts, links: links)
    }
}
