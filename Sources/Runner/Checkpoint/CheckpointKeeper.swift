import Archives
import Logging
import PipelineModel

/// Brings to the server what a job saves of its work: now and then while it runs, and once more at its end.
///
/// Only what has changed is brought, and only as it was at one moment: a job that is writing is asked again a little
/// later. Nothing that fails here fails the job. One caller at a time.
actor CheckpointKeeper {
    /// The path as people see it, variables replaced.
    let path: String
    private let interval: Duration
    private let selection: FileSelection
    private let plan: AttemptPlan
    private let context: RunnerContext
    private let control: AttemptControl
    private let traffic: AttemptTraffic
    private let pump: LogPump
    /// How the files were when they were last kept, or before the job began.
    private var known: FileStamps?
    private var keptHash: String?
    private var hasBegun = false
    private var hasWarned = false

    /// How often a job is looked at that is writing, and how often a server is asked that takes nothing now.
    private static let tries = 6
    /// How often a checkpoint is kept where the pipeline file does not say.
    static let defaultInterval = Duration.minutes(10)

    /// Nil where the job saves nothing.
    init?(_ plan: AttemptPlan, context: RunnerContext, control: AttemptControl, traffic: AttemptTraffic, pump: LogPump)
    {
        guard let path = plan.checkpointPath else { return nil }
        self.path = path
        interval = plan.assignment.job.ml?.checkpointEvery ?? Self.defaultInterval
        selection = FileSelection(include: [plan.relativeGlob(path)])
        self.plan = plan
        self.context = context
        self.control = control
        self.traffic = traffic
        self.pump = pump
        keptHash = plan.assignment.checkpoint?.artifact.sha256
    }

    /// Notes what is there before the job begins: it need not be kept.
    func begin() async throws {
        let (selection, project) = (selection, plan.workspace.project)
        known = try await blocking { try FileStamps(of: selection, in: project) }
        hasBegun = true
    }

    /// Goes on with a job that an earlier process of the runner began: what was kept of it is not known here.
    func goOn() { hasBegun = true }

    /// Keeps what is new at each interval, until the task is cancelled or the attempt is to stop.
    func keepNowAndThen() async {
        while (try? await context.clock.pause(interval)) != nil, control.reason == nil { await keep(isLive: true) }
    }

    /// Keeps what is new when the job has ended without having passed, so that another attempt may go on from there.
    /// A runner that is to stop waits no longer for it than it has patience for.
    func keepLast() async {
        guard hasBegun else { return }
        let (control, clock, patience) = (control, context.clock, context.settings.checkpointPatience)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.keep(isLive: false)
                return true
            }
            group.addTask {
                guard await control.reasons().first(where: { $0 == .runnerStops }) != nil else { return true }
                try? await clock.pause(patience)
                return Task.isCancelled
            }
            let isInTime = await group.next() ?? true
            group.cancelAll()
            if !isInTime { await warn("the runner stops, and the last checkpoint took longer than \(patience.text)") }
        }
    }

    private func keep(isLive: Bool) async {
        let disk = DiskGuard(folder: context.settings.stateFolder, lowWater: context.settings.lowWater)
        if let shortage = disk.shortage() { return await warn("no checkpoint is kept: \(shortage)") }
        let file = plan.workspace.folder + "/checkpoint"
        do {
            defer { try? FolderRemoval.remove(file) }
            guard let (reference, stamps) = try await packed(to: file, isLive: isLive) else { return }
            if reference.sha256 != keptHash {
                guard try await send(reference, from: file) else { return }
                keptHash = reference.sha256
                let size = ByteText.of(reference.size.bytes)
                await pump.note("checkpoint of \(path) kept: \(reference.fileCount) files, \(size)")
            }
            known = stamps
        } catch is CancellationError {
            // The end of the job comes first; what is there then is kept.
        } catch {
            await warn("the checkpoint could not be kept: \(plan.masked("\(error)"))")
        }
    }

    /// The files as they are at one moment; nil where there is nothing new, or no such moment comes.
    private func packed(to file: String, isLive: Bool) async throws -> (ArtifactReference, FileStamps)? {
        let (selection, project, limit, known) = (
            selection, plan.workspace.project, plan.limits.artifactSize, known
        )
        var backOff = BackOff(from: .milliseconds(500), to: .seconds(15))
        for attempt in 1...Self.tries {
            let packing = try await blocking {
                try CheckpointFile.pack(selection, of: project, known: known, isLive: isLive) {
                    try ArtifactFile.pack($0, of: project, to: file, limit: limit)
                }
            }
            switch packing {
            case .nothing, .unchanged: return nil
            case .packed(let reference, let stamps): return (reference, stamps)
            case .changing:
                if attempt < Self.tries { try await context.clock.pause(backOff.delay()) }
            }
        }
        await pump.note(
            "Warning: \(path) is written to all the time, and no checkpoint is kept now: write a file under another name "
                + "and rename it")
        return nil
    }

    /// Sends a file, to a server that may not be able to take it at the first asking.
    /// - Returns: whether the server has it.
    private func send(_ reference: ArtifactReference, from file: String) async throws -> Bool {
        let key = plan.assignment.key
        var backOff = BackOff()
        for attempt in 1... {
            if control.reason?.endsRight == true { return false }
            do {
                try await context.coordinator.storeCheckpoint(
                    reference, content: ArtifactFile.content(of: file), for: key)
                traffic.addUploaded(reference.size)
                return true
            } catch CoordinatorError.leaseLost {
                control.stop(.leaseLost("the server takes nothing more for this attempt"))
                return false
            } catch CoordinatorError.unavailable(let reason) where attempt < Self.tries {
                context.logger.info("a checkpoint is not taken now", metadata: ["error": "\(reason)"])
                try await context.clock.pause(backOff.delay())
            }
        }
        return false
    }

    /// Says once what keeps checkpoints from being kept.
    private func warn(_ text: String) async {
        context.logger.warning(
            "a checkpoint was not kept", metadata: ["attempt": "\(plan.assignment.key.attempt)", "error": "\(text)"])
        guard !hasWarned else { return }
        hasWarned = true
        await pump.note("Warning: \(text)")
    }
}
