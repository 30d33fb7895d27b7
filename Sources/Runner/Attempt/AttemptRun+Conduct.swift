import Executors
import GitRepositories
import NIOConcurrencyHelpers
import PipelineModel

extension AttemptRun {
    /// Prepares and runs the container within all limits, and says how that went. The container still exists then.
    func conduct(
        _ plan: AttemptPlan, keeper: LeaseKeeper, pump: LogPump, checkpoints: CheckpointKeeper?,
        container: NIOLockedValueBox<ContainerHandle?>
    ) async -> Outcome {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await keeper.watch() }
            group.addTask { await limitTime(to: plan.limits.timeout) }
            defer { group.cancelAll() }
            do {
                if handover == nil {
                    try await control.untilStopped {
                        try await prepare(
                            plan, keeper: keeper, pump: pump, checkpoints: checkpoints, container: container)
                    }
                } else {
                    await checkpoints?.goOn()
                }
            } catch let error as ExecutorError where error.code == .engineUnavailable && control.reason == nil {
                return Outcome(notBegun: error.message, finishedAt: context.clock.wall())
            } catch {
                return outcome(of: error, plan)
            }
            do {
                guard let handle = container.withLockedValue({ $0 }) else { throw AttemptStopped() }
                let ended = try await withMLflow(of: handle, plan, pump) { mlflow in
                    try await run(handle, plan, pump, keeper, checkpoints, mlflow)
                }
                return await blamed(ended, plan, handle)
            } catch is NeverStarted {
                return Outcome(
                    notBegun: "the runner ended before the job had begun", finishedAt: context.clock.wall())
            } catch {
                return await blamed(outcome(of: error, plan), plan, container.withLockedValue { $0 })
            }
        }
    }

    /// An outcome whose failure is put down to what its machine lacked meanwhile: what a script says then is not its own
    /// fault.
    private func blamed(_ outcome: Outcome, _ plan: AttemptPlan, _ container: ContainerHandle?) async -> Outcome {
        let blamed = await blamedOnGPU(outcome, plan)
        return blamed.failedGPUs == nil ? await blamedOnDisk(outcome, plan, container) : blamed
    }

    /// A script that fails on a full disk: the job's own doing where it wrote much, else the machine's.
    private func blamedOnDisk(
        _ outcome: Outcome, _ plan: AttemptPlan, _ container: ContainerHandle?
    ) async -> Outcome {
        guard control.reason == nil, let failure = outcome.failure, failure.class == .script,
            let disk = context.disk.fullDisk(storage: await storageFolder())
        else { return outcome }
        let written = await written(in: plan.workspace.folder, and: container)
        let isOwn = written.map(context.disk.isToBlame) ?? false
        var blamed = outcome
        blamed.failure = Failure(
            isOwn ? .outOfDisk : .system, exitCode: failure.exitCode,
            "the runner's disk had \(ByteText.of(disk.free)) left when it failed (\(failure.message))")
        return blamed
    }

    /// Where the engine keeps what containers write; nil where that is not on this machine.
    private func storageFolder() async -> String? { try? await context.executor.readiness().storageFolders.first }

    /// What the job has written; nil where that cannot be told.
    private func written(in workspace: String, and container: ContainerHandle?) async -> DiskWatch.Written? {
        var own: ByteCount?
        if let container { own = try? await context.executor.written(by: container) }
        guard let laid = try? await FolderSize.of([workspace]) else { return nil }
        return DiskWatch.Written(workspace: laid.bytes, container: own?.bytes ?? 0)
    }

    /// A failure under which a GPU of the attempt has failed.
    private func blamedOnGPU(_ outcome: Outcome, _ plan: AttemptPlan) async -> Outcome {
        let gpus = plan.assignment.gpus
        guard !gpus.isEmpty, control.reason == nil, let failure = outcome.failure,
            [.script, .system].contains(failure.class)
        else { return outcome }
        let seen = await context.inventory(.fresh).gpus
        let faults = gpus.compactMap { granted -> (index: Int, fault: GPUFault)? in
            guard case .failed(let why) = seen.first(where: { $0.uuid == granted.uuid })?.condition else { return nil }
            return (granted.index, GPUFault(uuid: granted.uuid, reason: why))
        }
        guard let first = faults.first else { return outcome }
        var blamed = outcome
        blamed.failedGPUs = faults.map(\.fault)
        blamed.failure = Failure(
            .gpu, exitCode: failure.exitCode,
            "GPU \(first.index) failed under it: \(first.fault.reason) (\(failure.message))")
        return blamed
    }

    private func outcome(of error: any Error, _ plan: AttemptPlan) -> Outcome {
        // What fails because the attempt was stopped is not a failure of its own.
        let failure =
            control.reason.map { Failure.ofStop($0, limits: plan.limits) } ?? Failure(describing: error)
        return Outcome(failure: failure, finishedAt: context.clock.wall())
    }

    /// Creates the container and fills the workspace, both at once.
    private func prepare(
        _ plan: AttemptPlan, keeper: LeaseKeeper, pump: LogPump, checkpoints: CheckpointKeeper?,
        container: NIOLockedValueBox<ContainerHandle?>
    ) async throws {
        guard let image = plan.image else {
            throw RunnerError(
                .refused, message: "The job names no image, and this runner has no default. Add image: to the job.")
        }
        await pump.note("image \(image)")
        let began = context.clock.now()
        let source = CommitSource(
            commit: plan.assignment.commit, ref: plan.assignment.ref, fetchURL: plan.assignment.fetchURL,
            credential: plan.assignment.gitCredential)
        let options = plan.checkoutOptions
        let mirror: Mirror? =
            options == nil ? nil : try await context.mirrors.mirror(of: plan.assignment.repository, with: source)
        try plan.workspace.make()
        let scripts = try ScriptFolder(
            at: "\(context.folders.memory)/\(key.attempt)", script: plan.script, variables: plan.variables)
        let specification = try plan.container(image: image, scripts: scripts, mirror: mirror)
        let executor = context.executor
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try keeper.confirm()
                let handle = try await executor.create(specification)
                container.withLockedValue { $0 = handle }
            }
            group.addTask {
                if let mirror, let options {
                    let words = try await layOut(source, plan, from: mirror, options: options, pump)
                    let spent = context.clock.now() - began
                    await pump.note("\(words) laid out in \(spent.text)")
                }
                let lines = try await plan.workspace.lay(
                    plan.assignment.artifacts, of: key, from: context.coordinator, clock: context.clock,
                    traffic: traffic)
                for line in lines { await pump.note(line) }
                if let checkpoint = plan.assignment.checkpoint, checkpoints != nil {
                    let line = try await plan.workspace.lay(
                        checkpoint, of: key, from: context.coordinator, clock: context.clock, traffic: traffic)
                    await pump.note(line)
                }
                let project = plan.workspace.project
                try await blocking { try SharedFolder.open(project) }
                try await checkpoints?.begin()
            }
            try await group.waitForAll()
        }
    }

    private func run(
        _ container: ContainerHandle, _ plan: AttemptPlan, _ pump: LogPump, _ keeper: LeaseKeeper,
        _ checkpoints: CheckpointKeeper?, _ mlflow: MLflowAccess?
    ) async throws -> Outcome {
        let startedAt = context.clock.wall()
        let hasStarted = NIOLockedValueBox(false)
        let faults = context.settings.faults
        await handOver(container, plan, pump, keeper, mlflow: mlflow)
        await pump.beginOutput()
        if handover == nil { try keeper.confirm() }
        let exit = try await withThrowingTaskGroup(of: ContainerExit?.self) { group in
            group.addTask {
                try await start(container) { output in
                    let isFirst = hasStarted.withLockedValue { known in
                        defer { known = true }
                        return !known
                    }
                    if isFirst { faults.reach(.containerStarted) }
                    await pump.take(output.bytes)
                }
            }
            group.addTask {
                await endWhenAsked(container)
                return nil
            }
            group.addTask {
                await limitSilence(to: plan.limits.noOutputTimeout, of: pump)
                return nil
            }
            group.addTask {
                await limitDisk(container, plan)
                return nil
            }
            group.addTask {
                await checkpoints?.keepNowAndThen()
                return nil
            }
            group.addTask {
                await energy.measure(plan.assignment.gpus.map(\.uuid), clock: context.clock, power: context.power)
                return nil
            }
            group.addTask {
                try await limitStopping()
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw AttemptStopped()
        }
        if exit.mayLackOutput {
            await pump.note("Warning: the engine was restarted while the job ran; its last output may be missing here")
        }
        let failure =
            control.reason.map { Failure.ofStop($0, limits: plan.limits) } ?? Failure.ofExit(exit, limits: plan.limits)
        let isStopped = control.reason != nil
        return Outcome(
            failure: failure, exitCode: isStopped ? nil : exit.code, startedAt: exit.startedAt ?? startedAt,
            finishedAt: exit.finishedAt ?? context.clock.wall(), containerUsage: exit.usage)
    }

    /// Starts the container, or goes on with one that an earlier process started.
    private func start(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        guard handover != nil else { return try await context.executor.run(container, output: output) }
        guard let exit = try await context.executor.follow(container, output: output) else {
            throw NeverStarted()
        }
        return exit
    }

    /// Ends the container when the attempt is to stop: with time to end by itself, or at once when the lease is lost.
    private func endWhenAsked(_ container: ContainerHandle) async {
        await withDiscardingTaskGroup { group in
            for await reason in control.reasons() {
                group.addTask {
                    // Goes on though the run has ended: what was begun to be stopped is stopped.
                    await withoutCancellation {
                        if reason.endsRight { return await context.destroy(container) }
                        do {
                            try await context.executor.stop(
                                container, grace: reason.isUrgent ? .zero : context.settings.stopGrace)
                        } catch {
                            context.logger.error(
                                "a container could not be stopped", metadata: facts(["error": "\(error)"]))
                            await context.destroy(container)
                        }
                    }
                }
            }
        }
    }

    /// How long after its grace a container that was stopped may keep its run from returning.
    private static let stoppingPatience = Duration.seconds(60)

    /// Gives a run up whose container was stopped and which does not return: an engine that has lost track of a container
    /// would hold the attempt for ever. The container is destroyed then all the same.
    private func limitStopping() async throws {
        guard await control.firstReason() != nil else { return }
        try await context.clock.pause(context.settings.stopGrace + Self.stoppingPatience)
        context.logger.error("a stopped container does not end; it is given up", metadata: facts())
        throw AttemptStopped()
    }

    private func limitTime(to limit: Duration) async {
        guard (try? await context.clock.sleep(receivedAt + limit)) != nil else { return }
        control.stop(.timeout)
    }

    private func limitDisk(_ container: ContainerHandle, _ plan: AttemptPlan) async {
        let (control, workspace) = (control, plan.workspace.folder)
        let writer = DiskWatch.Writer(attempt: key.attempt) {
            await written(in: workspace, and: container)
        } end: {
            control.stop(.outOfDisk($0))
        }
        await context.disk.watch(writer, storage: await storageFolder())
    }

    private func limitSilence(to limit: Duration, of pump: LogPump) async {
        while true {
            let deadline = await pump.lastOutput + limit
            guard context.clock.now() < deadline else { return control.stop(.noOutput) }
            guard (try? await context.clock.sleep(deadline)) != nil else { return }
        }
    }
}

/// The container of an attempt that was handed over never ran.
private struct NeverStarted: Error {}
