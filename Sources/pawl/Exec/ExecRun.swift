import Executors
import Foundation
import HTTPTransport
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import Server
import ServiceLifecycle

/// A whole run of `pawl exec`, from the snapshot to the last container's end. ^C ends it well at any moment.
struct ExecRun: Service {
    /// What a person asked for.
    struct Request: Sendable {
        var root: String
        var names: [String]
        var event: EventOptions
        var socket: String
        var settings: LocalPipeline.Settings
        var json: Bool
    }

    let request: Request
    let engine: DockerEngine
    /// How it ended, once it has.
    let ending = NIOLockedValueBox<Result<CommandFailure.Status, any Error>?>(nil)

    /// Runs, and keeps how it ended.
    func run() async throws {
        do {
            let status = try await carryOut()
            ending.withLockedValue { $0 = .success(status) }
        } catch is CancellationError {
            ending.withLockedValue { $0 = .failure(CommandFailure(.failed, "stopped; nothing is left running")) }
        } catch {
            ending.withLockedValue { $0 = .failure(error) }
        }
    }

    private func carryOut() async throws -> CommandFailure.Status {
        do {
            _ = try await cancelWhenGracefulShutdown { try await engine.version() }
        } catch let error as ExecutorError {
            throw unreached(because: error)
        }
        await ExecScratch.removeLeftovers(from: engine)
        let scratch = try ExecScratch()
        let result: Result<CommandFailure.Status, any Error>
        do {
            result = .success(try await carryOut(in: scratch))
        } catch {
            result = .failure(error)
        }
        do {
            try scratch.remove()
        } catch {
            Output.complaint("pawl: \(scratch.path) could not be removed: \(error)")
        }
        return try result.get()
    }

    /// Why the engine cannot be used, with what helps.
    private func unreached(because error: ExecutorError) -> CommandFailure {
        let socket = request.socket.printable
        if error.code == .refused { return CommandFailure(.unreached, error.message.printable) }
        if access(request.socket, F_OK) == 0, access(request.socket, R_OK | W_OK) != 0 {
            return CommandFailure(
                .unreached, "this account may not use the container engine at \(socket).  sudo usermod -aG docker $USER"
            )
        }
        return CommandFailure(
            .unreached,
            "no container engine answers at \(socket).  systemctl start docker, or --docker-socket PATH")
    }

    private func carryOut(in scratch: ExecScratch) async throws -> CommandFailure.Status {
        let request = request
        let planning = try await cancelWhenGracefulShutdown {
            try await ExecPlanning(of: request.root, event: request.event, into: scratch.path, now: .wall)
        }
        let plan: Plan
        switch planning.step {
        case .planned(let planned): plan = planned
        case .nothing(let reason, _):
            guard request.names.isEmpty else { throw CommandFailure(.usage, reason.printable) }
            let words = "\(planning.file) at \(planning.context.ref.printable): nothing to run. \(reason.printable)"
            Output.line(
                request.json ? try ClientOptions.jsonText(LintView(planning.step, file: planning.file)) : words)
            return .done
        case .refused, .needsFiles:
            let terminal = Terminal.standardOutput()
            let view = LintView(planning.step, file: planning.file)
            if request.json {
                Output.line(try ClientOptions.jsonText(view))
            } else {
                Output.lines(view.diagnostics.flatMap { DiagnosticRendering($0, on: terminal).lines() })
            }
            throw CommandFailure(.failed, view.summary)
        }
        let instance = NIOLockedValueBox("")
        let (engine, data) = (engine, request.settings.data)
        let start = ContinuousClock.now
        let machine = MachineInventory(
            settings: .init(data: data),
            containers: {
                let docker = DockerExecutor(
                    engine: engine, settings: .init(instance: instance.withLockedValue { $0 }))
                return Set(try await docker.leftovers().map(\.id))
            }, engine: { try? await engine.version().words }, now: { ContinuousClock.now - start })
        let selection = try ExecSelection(
            of: plan, names: request.names, defaultImage: request.settings.defaultImage, ruledOut: planning.ruledOut,
            machine: await machine.look())
        let terminal = Terminal.standardOutput()
        let screen = ExecScreen(on: terminal, isSilent: request.json)
        await screen.begin(ExecPreface(planning, selection, of: plan))
        guard !selection.plan.jobs.isEmpty else {
            throw CommandFailure(.failed, "no job of \(planning.file) runs here by itself.  Name one: pawl exec JOB")
        }
        let folder = try ExecFolder(in: request.root, jobs: selection.plan.jobs.map(\.name))
        let pipeline = try await LocalPipeline(
            selection.plan, of: planning, in: scratch, settings: request.settings,
            inventory: { await machine.look($0) }
        ) { own in
            instance.withLockedValue { $0 = own }
            let docker = DockerExecutor(engine: engine, settings: .init(instance: own))
            return geteuid() == 0 ? docker : AccountExecutor(docker)
        }
        let watch = ExecWatch(
            pipeline: pipeline, screen: screen, logs: ExecLogs(store: pipeline.store, folder: folder),
            interval: terminal.isInteractive ? .seconds(1) : .seconds(10))
        let detail = try await pipeline.carryOut { try await watch.run() }
        try await watch.logs.finish()
        let view = PipelineDetailView(detail, at: .wall)
        await layArtifacts(of: view, into: folder, pipeline, by: scratch.path + "/artifact")
        await screen.end(view, tails: await watch.logs.tails, folder: folder)
        if request.json {
            Output.line(
                try ClientOptions.jsonText(
                    ExecView(
                        file: planning.file, branch: planning.snapshot.branch,
                        changedFiles: planning.snapshot.changedFiles, leftOut: selection.leftOut,
                        cannotRun: selection.cannotRun, run: view, folder: ExecFolder.name)))
        }
        try pipeline.store.close()
        return CommandFailure.Status(of: view.pipeline.state)
    }

    private func layArtifacts(
        of view: PipelineDetailView, into folder: ExecFolder, _ pipeline: LocalPipeline, by way: String
    ) async {
        for job in view.jobs {
            for artifact in job.attempts.last?.artifacts ?? [] {
                do {
                    try await folder.lay(artifact, of: job.name, from: pipeline.store, by: way)
                } catch {
                    Output.complaint("pawl: the artifacts of \(job.name.printable) were not laid out: \(error)")
                }
            }
        }
    }
}

/// Follows a pipeline: draws it, and copies its logs.
struct ExecWatch: Sendable {
    let pipeline: LocalPipeline
    let screen: ExecScreen
    let logs: ExecLogs
    /// How often it is drawn although nothing has changed, for the clock and for lines of logs.
    let interval: Duration

    /// Returns when the pipeline has ended.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let changed = pipeline.store.pipelineChanged
            while !Task.isCancelled {
                let seen = changed.count
                guard let detail = try await pipeline.store.pipeline(pipeline.id) else { return }
                for job in detail.jobs {
                    for attempt in job.attempts where attempt.acknowledgedAt != nil {
                        guard try await logs.begin(attempt.id, of: job.name) else { continue }
                        group.addTask { try await logs.follow(attempt.id) }
                    }
                }
                await screen.show(
                    PipelineDetailView(detail, at: .wall), tails: await logs.tails,
                    obstacle: pipeline.runner.status.obstacle, isStopping: Task.isShuttingDownGracefully)
                if detail.pipeline.state.isEnded { return }
                await withTaskGroup(of: Void.self) { race in
                    race.addTask { await changed.wait(after: seen) }
                    race.addTask { try? await Task.sleep(for: interval) }
                    await race.next()
                    race.cancelAll()
                }
            }
        }
    }
}

extension ExecPreface {
    /// Says what was planned, and what of it runs.
    init(_ planning: ExecPlanning, _ selection: ExecSelection, of plan: Plan) {
        self.init(
            file: planning.file, branch: planning.context.ref,
            isPullRequest: planning.context.refKind == .mergeRequest,
            changedFiles: planning.snapshot.changedFiles.count,
            missingLargeFiles: planning.snapshot.missingLargeFiles, running: selection.plan.jobs.count,
            total: plan.jobs.count + planning.ruledOut.count, leftOut: selection.leftOut,
            cannotRun: selection.cannotRun, warnings: plan.warnings)
    }
}
