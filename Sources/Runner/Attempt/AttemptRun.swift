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
    let traffic = AttemptTraffic()
    /// The digest of the declared inputs that were laid into the workspace; nil where the job sees the whole commit.
    let laidInputs = NIOLockedValueBox<String?>(nil)
    let energy = AttemptEnergy()
    /// What an earlier process of the runner began; nil where the attempt begins here.
    var handover: Handover?

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
        /// What its container used, where that could be measured.
        var containerUsage: ContainerUsage?
        var failedGPUs: [GPUFault]?
    }

    var key: LeaseKey { claim.key }

    /// Carries the attempt out. Ends early only by what `control` is told; never throws, never cancelled.
    func carryOut() async {
        let keeper = keeper(of: claim, since: receivedAt)
        guard let assignment = await acknowledge(keeper) else { return context.coordinator.dismiss(key) }
        do {
            try context.folders.handovers.open(key.attempt, under: keeper.term)
        } catch {
            context.logger.warning("a lease could not be noted", metadata: facts(["error": "\(error)"]))
        }
        await carryOut(assignment, keeper: keeper)
    }

    /// Goes on with what an earlier process of the runner began, where the job is still this runner's. Else its container
    /// is removed, and nothing more is said.
    func goOn(with handover: Handover) async {
        guard let keeper = await regain(handover) else {
            await context.destroy(handover.container(of: context.folders.instance))
            context.coordinator.dismiss(key)
            return await cleanUp(AttemptPlan(handover.assigned, settings: context.settings, folders: context.folders))
        }
        context.logger.info("a job that runs is gone on with", metadata: facts())
        await carryOut(handover.assigned, keeper: keeper)
    }

    private func keeper(of claim: Claim, since moment: Duration) -> LeaseKeeper {
        let (handovers, logger) = (context.folders.handovers, context.logger)
        return LeaseKeeper(
            claim, receivedAt: moment, coordinator: context.coordinator, control: control, clock: context.clock,
            logger: context.logger
        ) { term in
            do {
                try handovers.noteLease(of: claim.key.attempt, term)
            } catch {
                logger.warning("a lease's end could not be noted", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Asks the server whether the job is still this runner's, for as long as nobody else can have it.
    private func regain(_ handover: Handover) async -> LeaseKeeper? {
        let lastCall = context.folders.handovers.lease(of: key.attempt)?.lastCall ?? .zero
        var backOff = BackOff(to: .seconds(5))
        repeat {
            let sentAt = context.clock.now()
            do {
                var claim = claim
                switch try await context.coordinator.heartbeat(key) {
                case .renewed(let length): claim.leaseFor = length
                case .cancel(let reason): control.stop(.cancelled(reason))
                case .lost: return nil
                }
                return keeper(of: claim, since: sentAt)
            } catch CoordinatorError.leaseLost {
                return nil
            } catch {
                context.logger.info("the lease is not confirmed yet", metadata: facts(["error": "\(error)"]))
                guard (try? await context.clock.pause(backOff.delay())) != nil else { return nil }
            }
        } while context.clock.now() < lastCall
        return nil
    }

    private func carryOut(_ assignment: Assignment, keeper: LeaseKeeper) async {
        let plan = AttemptPlan(
            assignment, settings: context.settings, folders: context.folders,
            mlflowToken: handover.map { $0.mlflow?.token } ?? MLflowBook.newToken())
        let container = NIOLockedValueBox(handover?.container(of: context.folders.instance))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.renew() }
            let ending = await work(plan, keeper: keeper, container: container)
            // Whoever waits for the end, and for what the job had for itself, does not wait for the rest.
            async let cleaned: Void = cleanUp(plan)
            async let destroyed: Void = destroy(container)
            await tell(ending)
            _ = await (cleaned, destroyed)
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
        await context.giveBack(key, because: "the runner could not begin with it")
        return nil
    }

    private func work(
        _ plan: AttemptPlan, keeper: LeaseKeeper, container: NIOLockedValueBox<ContainerHandle?>
    ) async -> Ending {
        let (handovers, attempt) = (context.folders.handovers, key.attempt)
        let pump = LogPump(
            key: key, masker: plan.masker, limit: plan.limits.logSize, coordinator: context.coordinator,
            control: control, clock: context.clock, logger: context.logger
        ) { taken in try? handovers.noteFlush(of: attempt, at: taken) }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await pump.run() }
            defer { group.cancelAll() }
            if let handover {
                await pump.repeatBeginning(handover.notes, flushes: handovers.flushes(of: attempt))
            } else {
                await open(plan, pump)
            }
            let checkpoints = CheckpointKeeper(plan, context: context, control: control, traffic: traffic, pump: pump)
            var outcome = await conduct(
                plan, keeper: keeper, pump: pump, checkpoints: checkpoints, container: container)
            if mayGoOn(after: outcome) { await checkpoints?.keepLast() }
            guard await keepArtifacts(plan, &outcome, pump) else { return await dropped(container) }
            if let reason = outcome.notBegun {
                await destroy(container)
                return .givenBack(reason)
            }
            if outcome.failure == nil, outcome.exitCode == nil, control.reason != nil {
                return await dropped(container)
            }
            let dotenv = await readDotenv(plan, &outcome, pump)
            if let failure = outcome.failure { outcome.failure?.message = plan.masked(failure.message) }
            let report = await readReport(plan, outcome, pump)
            let findings = await readFindings(plan, outcome, pump)
            let result = AttemptResult(
                failure: outcome.failure, exitCode: outcome.exitCode,
                summary: await summary(report, findings, outcome, pump),
                startedAt: outcome.startedAt, finishedAt: outcome.finishedAt,
                imageDigest: container.withLockedValue { $0?.imageID }, usage: usage(in: outcome),
                failedGPUs: outcome.failedGPUs, report: report, findings: findings,
                inputs: handover?.inputs ?? laidInputs.withLockedValue { $0 }, dotenv: dotenv)
            // On disk before anything else can go wrong: what a job has done is not done again.
            spool(result)
            async let removed: Void = remove(container)
            if handover != nil { await pump.note("The runner was started anew while the job ran, and went on with it") }
            await pump.note(outcome.failure?.closingWords ?? "Job passed")
            await pump.finish()
            await removed
            return control.reason?.endsRight == true ? .silence : .result(result)
        }
    }

    /// Whether another attempt may go on from what the job has saved: it was stopped for the runner's sake, or failed.
    private func mayGoOn(after outcome: Outcome) -> Bool {
        switch control.reason {
        case .runnerStops: true
        // What is saved would need room as well.
        case .cancelled, .leaseLost, .outOfDisk: false
        case .timeout, .noOutput: true
        case nil: outcome.failure != nil
        }
    }

    /// What the attempt has used until now.
    private func usage(in outcome: Outcome) -> AttemptUsage {
        let container = outcome.containerUsage
        return AttemptUsage(
            wallMs: (context.clock.now() - receivedAt).wholeMilliseconds, cpuMs: container?.cpu.wholeMilliseconds,
            peakMemory: container?.peakMemory, uploaded: traffic.uploaded, downloaded: traffic.downloaded,
            energyJ: handover == nil ? energy.joules : nil)
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
        case .silence:
            sender.forget(key)
            context.coordinator.dismiss(key)
        case .givenBack(let reason):
            await context.giveBack(key, because: reason)
        case .result(let result):
            await control.untilRunnerStops { await sender.send(ResultSpool.Entry(key: key, result: result)) }
        }
    }

    /// Removes a container and its network; nothing where that was done.
    private func destroy(_ container: NIOLockedValueBox<ContainerHandle?>) async {
        guard let handle = container.withLockedValue({ $0 }) else { return }
        await context.destroy(handle)
        container.withLockedValue { $0 = nil }
    }

    private func remove(_ container: NIOLockedValueBox<ContainerHandle?>) async {
        guard let handle = container.withLockedValue({ $0 }) else { return }
        await context.remove(handle)
    }

    private func cleanUp(_ plan: AttemptPlan) async {
        let folders = [plan.workspace.folder, "\(context.folders.memory)/\(key.attempt)"]
        let handovers = context.folders.handovers
        do {
            try await blocking {
                try handovers.end(key.attempt)
                for folder in folders { try FolderRemoval.remove(folder) }
            }
        } catch {
            context.logger.error("a workspace could not be removed", metadata: facts(["error": "\(error)"]))
        }
    }

    func facts(_ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging(["job.id": "\(key.job)", "attempt": "\(key.attempt)"]) { known, _ in known }
    }
}
