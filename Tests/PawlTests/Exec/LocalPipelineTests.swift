import ArgumentParser
import Executors
import Foundation
import Logging
import PipelineModel
import ServiceLifecycle
import Testing

@testable import pawl

@Suite("A pipeline on this machine")
struct LocalPipelineTests {
    /// A checkout with a pipeline file that is not committed, and a folder for a run; both go at the end.
    private final class Place {
        let root: String
        let scratch: ExecScratch

        init(_ file: String) throws {
            root = NSTemporaryDirectory() + "pawl-exec-" + UUID().uuidString
            scratch = try ExecScratch()
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            try git("init", "-q", "-b", "lr-warmup")
            try git("-c", "user.name=M", "-c", "user.email=m@x", "commit", "-q", "--allow-empty", "-m", "begin")
            try Data(file.utf8).write(to: URL(fileURLWithPath: root + "/.pawl.yml"))
        }

        deinit {
            try? scratch.remove()
            try? FileManager.default.removeItem(atPath: root)
        }

        private func git(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["git"] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: root)
            try process.run()
            process.waitUntilExit()
        }
    }

    private func pipeline(
        in place: Place, secrets: String = "", executor: ScriptedExecutor
    ) async throws -> (LocalPipeline, ExecWatch, ExecFolder) {
        let planning = try await ExecPlanning(
            of: place.root, event: try EventOptions.parse([]), into: place.scratch.path, now: .wall)
        guard case .planned(let plan) = planning.step else { throw CommandFailure(.failed, "\(planning.step)") }
        let selection = try ExecSelection(of: plan, names: [], defaultImage: nil, ruledOut: planning.ruledOut)
        let secretFile = place.scratch.path + "/secrets.env"
        try Data(secrets.utf8).write(to: URL(fileURLWithPath: secretFile))
        let settings = LocalPipeline.Settings(
            defaultImage: nil, slots: 2, secrets: try ExecSecrets(envFile: secretFile, names: []), variables: [],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let pipeline = try await LocalPipeline(
            selection.plan, of: planning, in: place.scratch, settings: settings
        ) { _ in executor }
        let folder = try ExecFolder(in: place.root, jobs: selection.plan.jobs.map(\.name))
        let watch = ExecWatch(
            pipeline: pipeline, screen: ExecScreen(on: .plain(), isSilent: true),
            logs: ExecLogs(store: pipeline.store, folder: folder), interval: .seconds(60))
        return (pipeline, watch, folder)
    }

    private let file = """
        test: {image: tiny, script: ["true"]}
        train: {image: tiny, needs: [test], script: ["true"], artifacts: {paths: [model/]}}
        deploy: {image: tiny, script: ["true"], rules: [{if: $CI_COMMIT_BRANCH == "main"}]}
        """

    @Test("runs jobs in their order, keeps their logs masked and their artifacts, and leaves no container")
    func passes() async throws {
        let place = try Place(file)
        let executor = ScriptedExecutor { specification in
            let project = specification.mounts[0].source
            try? FileManager.default.createDirectory(atPath: project + "/model", withIntermediateDirectories: true)
            try? Data("weights".utf8).write(to: URL(fileURLWithPath: project + "/model/w.bin"))
            return .writing("the token is hunter2-hunter2\n")
        }
        let (pipeline, watch, folder) = try await pipeline(
            in: place, secrets: "TOKEN=hunter2-hunter2", executor: executor)
        let detail = try await pipeline.carryOut { try await watch.run() }
        try await watch.logs.finish()
        #expect(detail.pipeline.state == .passed)
        #expect(detail.jobs.map(\.name) == ["test", "train"])
        #expect(try await executor.leftovers().isEmpty)
        let log = try String(contentsOfFile: folder.log(of: "train"), encoding: .utf8)
        #expect(log.contains("the token is [masked]"))
        #expect(!log.contains("hunter2-hunter2"))
        let artifact = try #require(detail.job(named: "train")?.attempts.last?.artifacts.first)
        try await folder.lay(artifact, of: "train", from: pipeline.store, by: place.scratch.path + "/artifact")
        let kept = folder.artifacts(of: "train") + "/model/w.bin"
        #expect(try String(contentsOfFile: kept, encoding: .utf8) == "weights")
        try pipeline.store.close()
    }

    @Test("a failure of the script fails it, and what needs the job is not run")
    func fails() async throws {
        let place = try Place(file)
        let executor = ScriptedExecutor { _ in .writing("1 failed\n", exitCode: 3) }
        let (pipeline, watch, folder) = try await pipeline(in: place, executor: executor)
        let detail = try await pipeline.carryOut { try await watch.run() }
        try await watch.logs.finish()
        #expect(detail.pipeline.state == .failed)
        #expect(detail.job(named: "train")?.state == .notRun)
        #expect(try String(contentsOfFile: folder.log(of: "test"), encoding: .utf8).contains("1 failed"))
        try pipeline.store.close()
    }

    @Test("^C stops what runs, cancels the rest, and leaves no container")
    func stopped() async throws {
        let place = try Place(file)
        let hasStarted = ExecutorSignal()
        let executor = ScriptedExecutor { _ in .init([.give(hasStarted), .stayUntilStopped]) }
        let (pipeline, watch, _) = try await pipeline(in: place, executor: executor)
        let run = Carrying(pipeline: pipeline, watch: watch)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: run, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        async let ended: Void = group.run()
        try await hasStarted.wait()
        await group.triggerGracefulShutdown()
        try await ended
        let detail = try #require(try await pipeline.store.pipeline(pipeline.id))
        #expect(detail.pipeline.state == .cancelled)
        #expect(detail.jobs.map(\.state) == [.cancelled, .cancelled])
        #expect(try await executor.leftovers().isEmpty)
        try pipeline.store.close()
    }

    private struct Carrying: Service {
        let pipeline: LocalPipeline
        let watch: ExecWatch

        func run() async throws { _ = try await pipeline.carryOut { try await watch.run() } }
    }

    @Test("what the rules leave out here is found by asking for other events")
    func ruledOut() async throws {
        let place = try Place(file)
        let planning = try await ExecPlanning(
            of: place.root, event: try EventOptions.parse([]), into: place.scratch.path, now: .wall)
        #expect(planning.ruledOut.map(\.job) == ["deploy"])
        #expect(planning.ruledOut.first?.reason.contains("a push to main has it") == true)
        #expect(planning.snapshot.changedFiles == [".pawl.yml"])
    }
}
