import Executors
import GitRepositories
import Logging
import NIOConcurrencyHelpers
import PipelineModel

/// One attempt from its claim to its end: workspace and container, the script, its log, what it leaves, its result.
///
/// Whatever happens, no container, network or folder is left; only a result that the server has not accepted stays on
/// disk. Once the lease is lost nothing more is written.
struct AttemptRun: Sendable {
    let claim: Claim
    /// When the claim came, by the runner's clock.
    let receivedAt: Duration
    let context: RunnerContext
    let control: AttemptControl

    /// What is said about the attempt at its end.
    enum Ending: Sendable {
        case result(AttemptResult)
        /// It is given back unspent, for a reason.
        case givenBack(String)
        /// Nothing: it is another's now.
        case silence
    }

    /// What is known when the container has ended, or never began.
    struct Outcome: Sendable {
        /// Why the attempt is to be given back unspent: nothing of the job can have run.
        var notBegun: String?
        var failure: Failure?
        var exitCode: Int?
        var startedAt: Timestamp?
        var finishedAt: Timestamp
        var failedGPUs: [GPUFault]?
    }

    var key: LeaseKey { claim.key }

    /// Carries the attempt out. Ends early only by what `control` is told; never throws, never cancelled.
    func carryOut() async {
        let keeper = LeaseKeeper(
            claim, receivedAt: receivedAt, coordinator: context.coordinator, control: control, clock: context.clock,
            logger: context.logger)
        guard let assignment = await acknowledge(keeper) else { return }
        let plan = AttemptPlan(assignment, settings: context.settings, folders: context.folders)
        let container = NIOLockedValueBox<ContainerHandle?>(nil)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.renew() }
            let ending = await work(plan, keeper: keeper, container: container)
            async let cleaned: Void = cleanUp(plan)
            await tell(ending)
            await cleaned
            group.cancelAll()
        }
    }

    /// Says that the job will be started; nil when it will not be.
    private func acknowledge(_ keeper: LeaseKeeper) async -> Assignment? {
        var backOff = BackOff()
        while control.reason == nil, context.clock.now() < receivedAt + claim.leaseFor / 2 {
            do {
                let sentAt = context.clock.now()
                let assignment = try await context.coordinator.acknowledge(key)
                if let length = assignment.leaseFor { keeper.extend(from: sentAt, by: length) }
                return assignment
            } catch CoordinatorError.leaseLost {
                return nil
            } catch {
                context.logger.warning("a claim could not be acknowledged", metadata: facts(["error": "\(error)"]))
                if case CoordinatorError.refused = error { break }
                guard (try? await context.clock.pause(backOff.delay())) != nil else { break }
            }
        }
        await giveBack(because: "the runner could not begin with it")
        return nil
    }

    private func work(
        _ plan: AttemptPlan, keeper: LeaseKeeper, container: NIOLockedValueBox<ContainerHandle?>
    ) async -> Ending {
        let pump = LogPump(
            key: key, masker: plan.masker, limit: plan.limits.logSize, coordinator: context.coordinator,
            control: control, clock: context.clock, logger: context.logger)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await pump.run() }
            defer { group.cancelAll() }
            await open(plan, pump)
            var outcome = await conduct(plan, keeper: keeper, pump: pump, container: container)
            guard await keepArtifacts(plan, &outcome, pump) else { return await dropped(container) }
            if let reason = outcome.notBegun {
                await destroy(container)
                return .givenBack(reason)
            }
            if outcome.failure == nil, outcome.exitCode == nil, control.reason != nil {
                return await dropped(container)
            }
            if let failure = outcome.failure { outcome.failure?.message = plan.masked(failure.message) }
            let result = AttemptResult(
                failure: outcome.failure, exitCode: outcome.exitCode, summary: await pump.summary,
                startedAt: outcome.startedAt, finishedAt: outcome.finishedAt,
                imageDigest: container.withLockedValue { $0?.imageID }, failedGPUs: outcome.failedGPUs)
            // On disk before anything else can go wrong: what a job has done is not done again.
            spool(result)
            async let destroyed: Void = destroy(container)
            await pump.note(outcome.failure?.closingWords ?? "Job passed")
            await pump.finish()
            await destroyed
            return control.reason?.endsRight == true ? .silence : .result(result)
        }
    }

    /// The ending of an attempt of which there is nothing to say.
    private func dropped(_ container: NIOLockedValueBox<ContainerHandle?>) async -> Ending {
        await destroy(container)
        return control.reason == .runnerStops ? .givenBack("the runner stops") : .silence
    }

    private func open(_ plan: AttemptPlan, _ pump: LogPump) async {
        let settings = context.settings
        await pump.note(
            "Pawl \(settings.version) on \(settings.name): \(claim.pipeline)/\(claim.jobName), "
                + "attempt \(plan.assignment.attemptNumber)")
        for name in plan.masker.tooShort {
            await pump.note("Warning: \(name) is shorter than 6 characters and is not masked in this log")
        }
        for note in plan.variables.notes { await pump.note("Warning: \(note)") }
    }

    /// Writes a result to disk.
    private func spool(_ result: AttemptResult) {
        if let failure = result.failure, failure.class.isOurs {
            context.logger.warning(
                "an attempt failed on Pawl's side", metadata: facts(["error": "\(failure.message)"]))
        }
        do {
            try context.sender.spool.write(ResultSpool.Entry(key: key, result: result))
            context.settings.faults.reach(.resultSpooled)
        } catch {
            // The server can still hear of it, if only from memory.
            context.logger.error("a result could not be written", metadata: facts(["error": "\(error)"]))
        }
    }

    /// Ends the attempt for the server.
    private func tell(_ ending: Ending) async {
        let sender = context.sender
        switch ending {
        case .silence: sender.forget(key)
        case .givenBack(let reason): await giveBack(because: reason)
        case .result(let result):
            await control.untilRunnerStops { await sender.send(ResultSpool.Entry(key: key, result: result)) }
        }
    }

    private func giveBack(because reason: String) async {
        var backOff = BackOff()
        for _ in 1...5 {
            do {
                return try await context.coordinator.giveBack(key, because: reason)
            } catch CoordinatorError.unavailable {
                guard (try? await context.clock.pause(backOff.delay())) != nil else { return }
            } catch {
                // The lease is gone already, or will be when it ends.
                return
            }
        }
    }

    private func destroy(_ container: NIOLockedValueBox<ContainerHandle?>) async {
        guard let handle = container.withLockedValue({ $0 }) else { return }
        await context.destroy(handle)
    }

    private func cleanUp(_ plan: AttemptPlan) async {
        let folders = [plan.workspace.folder, "\(context.folders.memory)/\(key.attempt)"]
        do {
            try await blocking { for folder in folders { try FolderRemoval.remove(folder) } }
        } catch {
            context.logger.error("a workspace could not be removed", metadata: facts(["error": "\(error)"]))
        }
    }

    func facts(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging(["job.id": "\(key.job)", "attempt": "\(key.attempt)"]) { known, _ in known }
    }
}
