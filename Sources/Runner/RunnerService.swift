import Executors
import Glibc
import GitRepositories
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import ServiceLifecycle

/// Claims jobs and carries them out, as many at once as it has slots.
///
/// When it is to stop it takes nothing more, lets running jobs go on for its grace, and gives back what has not ended
/// then. At its start it removes what a crash left, and sends the results that no server has accepted yet.
public struct RunnerService: Service {
    private let context: RunnerContext
    private let attempts = NIOLockedValueBox<[AttemptID: Running]>([:])
    private let obstacle = NIOLockedValueBox<String?>(nil)

    private struct Running {
        var claim: Claim
        var control: AttemptControl
    }

    /// Makes a runner, and the folders it needs.
    /// - Parameters:
    ///   - coordinator: hands out jobs and takes what they leave.
    ///   - executor: starts containers.
    ///   - mirrors: where commits come from.
    ///   - inventory: looks at what the machine has.
    ///   - power: reads what each GPU draws, in watts, by its own name.
    /// - Throws: `RunnerError.folder` where its folders cannot be made.
    public init(
        settings: RunnerSettings, coordinator: any Coordinator, executor: any Executor, mirrors: Mirrors,
        inventory: @escaping @Sendable (MachineInventory.Freshness) async -> RunnerInventory = { _ in .init() },
        power: @escaping @Sendable () async -> [String: Double] = { [:] }, logger: Logger,
        clock: RunnerClock = .system
    ) throws {
        let folders = try RunnerFolders(settings)
        let disk = DiskWatch(limit: settings.jobDisk, lowWater: settings.lowWater, workspaces: folders.workspaces)
        context = RunnerContext(
            settings: settings, folders: folders, coordinator: coordinator, executor: executor,
            mirrors: mirrors, inventory: inventory, power: power, clock: clock, logger: logger, disk: disk)
    }

    /// The runner's id, the same after a restart.
    public var instance: String { context.folders.instance }

    /// What the runner is doing now.
    public var status: RunnerStatus {
        RunnerStatus(
            slots: context.settings.slots, running: attempts.withLockedValue { $0.values.map(\.claim) },
            obstacle: obstacle.withLockedValue { $0 })
    }

    /// Removes what an earlier process of this runner left, and sends the results that no server has accepted yet. `run`
    /// does both by itself, but claims beside the sending. Ends early, with results unsent, when the runner is to stop.
    /// - Returns: the attempts that `run` goes on with. What else such a process has leases of is lost.
    /// - Throws: `RunnerError.folder` where another runner has the state folder, or it cannot be tidied up.
    public func settle() async throws -> Set<LeaseKey> {
        let lock = try await lockFolder()
        defer { extendLifetime(lock) }
        let goingOn = try await tidyUp().goingOn
        let sender = context.sender
        await cancelWhenGracefulShutdown { await sender.sendLeftovers() }
        return Set(goingOn.map(\.claim.key))
    }

    /// Runs until it is told to stop.
    /// - Throws: `RunnerError.folder` where another runner has the state folder, or it cannot be tidied up.
    public func run() async throws {
        let lock = try await lockFolder()
        defer { extendLifetime(lock) }
        let (goingOn, notBegun) = try await tidyUp()
        let stop = AttemptControl()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stop.untilRunnerStops { await context.sender.sendLeftovers() } }
            group.addTask { await stop.untilRunnerStops { await giveBack(notBegun) } }
            group.addTask { await giveBackAfterGrace(stop) }
            group.addTask { await sweep() }
            let slots = context.settings.slots
            await withTaskGroup(of: Void.self) { workers in
                for handover in goingOn { workers.addTask { await goOn(with: handover) } }
                for _ in 0..<slots { workers.addTask { await serve() } }
                // Without slots there is still the end to wait for.
                if slots == 0 { workers.addTask { try? await gracefulShutdown() } }
            }
            group.cancelAll()
        }
        await removeLast()
        // Goes when it is empty, as it is unless something could not be removed; the next start makes it anew.
        rmdir(context.folders.memory)
    }

    /// Takes the state folder. A guard of the process before looks at the lock now and then, and has it for a moment.
    private func lockFolder() async throws -> FolderLock {
        for _ in 1...10 {
            if let lock = try? FolderLock(context.settings.stateFolder) { return lock }
            try await context.clock.pause(.milliseconds(50))
        }
        return try FolderLock(context.settings.stateFolder)
    }

    /// Removes what an earlier process of this runner left running or lying about.
    /// - Returns: what is to be gone on with: attempts whose containers were started, and that have no result yet; and the
    ///   attempts in hand whose containers were not.
    private func tidyUp() async throws -> (goingOn: [Handover], notBegun: Set<LeaseKey>) {
        let folders = context.folders
        var backOff = BackOff()
        var goingOn: [Handover] = []
        while true {
            do {
                let leftovers = try await context.executor.leftovers().filter {
                    $0.labels.instance == folders.instance
                }
                goingOn = try handovers(among: leftovers)
                let spared = Set(goingOn.map(\.claim.key))
                for container in leftovers where !spared.contains(container.labels.key) {
                    context.logger.warning(
                        "a container of an earlier process is removed",
                        metadata: ["container": "\(container.id)", "attempt": "\(container.labels.key.attempt)"])
                    await context.destroy(container)
                }
                break
            } catch {
                obstacle.withLockedValue { $0 = "the engine does not answer: \(error)" }
                context.logger.error("the engine does not answer", metadata: ["error": "\(error)"])
                let delay = backOff.delay()
                try await cancelWhenGracefulShutdown { try await context.clock.pause(delay) }
            }
        }
        obstacle.withLockedValue { $0 = nil }
        let unsent = try context.sender.spool.entries(logger: context.logger).map(\.key)
        let known = Set(goingOn.map(\.claim.key) + unsent)
        let notBegun = context.coordinator.inHand.subtracting(known).filter { !folders.handovers.hasBegun($0.attempt) }
        context.coordinator.dismissAll(but: known.union(notBegun))
        let spared = Set(goingOn.map(\.claim.key.attempt))
        try await blocking { try folders.removeLeftovers(sparing: spared) }
        return (goingOn, notBegun)
    }

    /// Gives attempts back that an earlier process had in hand and had not begun: nobody has to wait for their leases.
    private func giveBack(_ keys: Set<LeaseKey>) async {
        for key in keys.sorted(by: { $0.attempt < $1.attempt }) {
            await context.giveBack(key, because: "the runner ended before the job had begun")
        }
    }

    private func handovers(among containers: [ContainerHandle]) throws -> [Handover] {
        let there = Set(containers.map(\.labels.key))
        let done = Set(try context.sender.spool.entries(logger: context.logger).map(\.key))
        return context.folders.handovers.entries(logger: context.logger).filter {
            there.contains($0.claim.key) && !done.contains($0.claim.key)
        }
    }

    /// Carries an attempt that an earlier process began to its end.
    private func goOn(with handover: Handover) async {
        await carryOut(handover.claim, receivedAt: .milliseconds(handover.receivedAtMs), handover: handover)
    }

    /// Claims and carries out one job after another, until the runner is to stop.
    private func serve() async {
        var backOff = BackOff(to: .seconds(15))
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            let hindrance = await self.hindrance()
            obstacle.withLockedValue { $0 = hindrance }
            if let hindrance {
                context.logger.warning("nothing is claimed", metadata: ["reason": "\(hindrance)"])
                await rest(backOff.delay())
                continue
            }
            do {
                let request = ClaimRequest(
                    inventory: await context.inventory(.recent), version: context.settings.version)
                let coordinator = context.coordinator
                guard let claim = try await cancelWhenGracefulShutdown({ try await coordinator.claim(request) }) else {
                    // The server hands out nothing now. A pause keeps a server that says so at once from being asked
                    // again and again.
                    await rest(backOff.delay())
                    continue
                }
                backOff = BackOff(to: .seconds(15))
                let receivedAt = context.clock.now()
                // Between the question and the answer hours may have gone by.
                if let hindrance = await self.hindrance() {
                    try await coordinator.giveBack(claim.key, because: hindrance)
                    continue
                }
                await carryOut(claim, receivedAt: receivedAt)
            } catch CoordinatorError.gone(let reason) {
                context.logger.notice("no job is asked for any more", metadata: ["reason": "\(reason)"])
                return
            } catch {
                if Task.isShuttingDownGracefully || Task.isCancelled { return }
                context.logger.warning("no job could be claimed", metadata: ["error": "\(error)"])
                await rest(backOff.delay())
            }
        }
    }

    /// Why no job can be begun now, in words; nil when one can.
    private func hindrance() async -> String? {
        let readiness: ExecutorReadiness
        do {
            readiness = try await context.executor.readiness()
        } catch {
            return "\(error)"
        }
        for folder in [context.settings.stateFolder] + readiness.storageFolders {
            let disk = DiskGuard(folder: folder, lowWater: context.settings.lowWater)
            if let shortage = disk.shortage() { return shortage }
        }
        return nil
    }

    /// Removes, now and then, what belongs to no attempt of this runner: an engine that failed or went away in the middle
    /// of a call may have made what nobody knows of.
    private func sweep() async {
        while (try? await context.clock.pause(context.settings.sweepEvery)) != nil {
            await removeOrphans()
        }
    }

    private func removeOrphans() async {
        // First what there is, then what is known: whatever was made in between is known.
        guard let found = try? await context.executor.leftovers() else { return }
        let known = attempts.withLockedValue { Set($0.keys) }
        for container in found
        where container.labels.instance == context.folders.instance && !known.contains(container.labels.key.attempt) {
            context.logger.warning(
                "a container of no attempt is removed",
                metadata: ["container": "\(container.id)", "attempt": "\(container.labels.key.attempt)"])
            await context.destroy(container)
        }
    }

    /// Removes what belongs to no attempt before nobody is there who would. An engine that does not answer is not waited
    /// for.
    private func removeLast() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await removeOrphans() }
            group.addTask { try? await context.clock.pause(.seconds(5)) }
            await group.next()
            group.cancelAll()
        }
    }

    private func rest(_ duration: Duration) async {
        let clock = context.clock
        try? await cancelWhenGracefulShutdown { try await clock.pause(duration) }
    }

    /// Carries a claim out to its end, though the task may be cancelled meanwhile: then at once, and given back.
    private func carryOut(_ claim: Claim, receivedAt: Duration, handover: Handover? = nil) async {
        let control = AttemptControl()
        attempts.withLockedValue { $0[claim.key.attempt] = Running(claim: claim, control: control) }
        if Task.isShuttingDownGracefully { control.stop(.runnerStops) }
        let run = AttemptRun(
            claim: claim, receivedAt: receivedAt, context: context, control: control, handover: handover)
        await withTaskCancellationHandler {
            await withoutCancellation {
                if let handover { await run.goOn(with: handover) } else { await run.carryOut() }
            }
        } onCancel: {
            control.stop(.runnerStops)
        }
        attempts.withLockedValue { $0[claim.key.attempt] = nil }
    }

    /// When the runner is to stop: waits for its grace, and then stops what still runs.
    private func giveBackAfterGrace(_ stop: AttemptControl) async {
        guard (try? await gracefulShutdown()) != nil else { return }
        stop.stop(.runnerStops)
        guard (try? await context.clock.pause(context.settings.grace)) != nil else { return }
        context.hasGivenUp.withLockedValue { $0 = true }
        for running in attempts.withLockedValue({ Array($0.values) }) { running.control.stop(.runnerStops) }
    }
}

/// What a runner is doing.
public struct RunnerStatus: Sendable {
    /// How many jobs it runs at once.
    public var slots: Int
    /// The jobs it has now.
    public var running: [Claim]
    /// Why it claims nothing now, in words; nil while it does.
    public var obstacle: String?
}
