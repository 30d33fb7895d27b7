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

    /// What looks for proofs. Which image a job would run in the engine of the runner inside the server says: where there is
    /// none, only a job that names its image by a digest can be proved.
    func proving(now: @escaping @Sendable () -> Timestamp) throws -> ProvingService {
        let engine = settings.runner.slots > 0 ? engine : nil
        let keys = ProofKeyBuilder(store: store, assignments: assignments, mirrors: mirrors) { question in
            guard let engine else { return .unknown("no engine is here to ask for the image") }
            let found = await engine.currentImage(
                question.name, pullPolicies: question.pullPolicies, logins: question.logins)
            return switch found {
            case .known(let id): .known(id)
            case .unknown(let why): .unknown(why)
            }
        }
        return ProvingService(
            store: store, keys: keys,
            checks: .init(
                oneIn: settings.server.proofChecks,
                salt: try folder.readSealingKey().derived(for: "proof-checks")),
            retention: settings.retention.artifacts, now: now, logger: logger)
    }

    /// What attempts are handed out with.
    var assignments: AssignmentBuilder {
        AssignmentBuilder(
            store: store, vault: vault, forges: forges, limits: settings.limits,
            registryLogins: settings.registries, defaultImage: settings.server.defaultImage,
            artifactRetention: settings.retention.artifacts, links: links)
    }
}
