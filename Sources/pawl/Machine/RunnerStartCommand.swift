import ArgumentParser
import Executors
import Foundation
import GitRepositories
import HTTPTransport
import Logging
import PipelineModel
import Runner
import UnixSignals

/// `pawl runner start`
struct RunnerStartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Run jobs of a server on this machine, which has joined its pool.",
        discussion: """
            Example: pawl runner start --config /etc/pawl/runner.yml
            SIGTERM finishes running jobs within runner.grace, then gives back the rest; a second one stops now. SIGHUP
            makes a new process of it with the program and the settings that are on disk then, and jobs go on.
            """)

    @Option(help: "The settings file; pawl runner join makes one.")
    var config = RunnerFile.usualPath

    @Option(help: "A file to write the process id to once jobs are asked for.")
    var pidFile: String?

    @Flag(help: "Read the settings, say what is wrong with them, and end.")
    var check = false

    func run() async throws {
        OpenFiles.raiseLimit()
        let environment = ProcessInfo.processInfo.environment
        let file: RunnerFile
        let networks: IPv4Range
        let faults: FaultInjector
        do {
            file = try await RunnerFile.read(file: config, environment: environment)
            networks = try file.runner.networks()
            faults = try FaultInjector.fromEnvironment(environment)
        } catch let error as SettingsError {
            for problem in error.problems.dropLast() { Output.complaint("pawl: \(problem)") }
            throw CommandFailure(.usage, error.problems.last ?? "the settings are wrong")
        }
        if check { return }
        let level = Logger.Level(rawValue: file.logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "pawl.runner")
        let client = HTTPClient.ofEnvironment()
        defer { client.shutdown() }
        let group = try services(of: file, networks: networks, client: client, faults: faults, logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let restarting = Task { await RestartInPlace(logger: logger).whenAsked() }
        defer { restarting.cancel() }
        let guarding = try GuardProcess(config: config)
        if let pidFile { try PrivateFile.write("\(getpid())\n", to: pidFile) }
        logger.info("asks for jobs", metadata: ["server": "\(file.server)", "runner": "\(file.runner.name)"])
        let ending: ServingGroup.Ending
        do {
            ending = try await group.run(until: signals)
        } catch {
            throw CommandFailure(.failed, "the runner ended: \("\(error)".printable)")
        }
        if ending == .finished { guarding.dismiss() }
        if ending == .cut { throw CommandFailure(.failed, "stopped at once; what ran is tried again elsewhere") }
    }

    private func services(
        of file: RunnerFile, networks: IPv4Range, client: HTTPClient, faults: FaultInjector, logger: Logger
    ) throws -> ServingGroup {
        let credential: RunnerCredential
        do {
            credential = try RunnerCredential(file: file.credential)
        } catch {
            throw CommandFailure(
                .failed, "\(file.credential) cannot be read: this machine has not joined.  pawl runner token")
        }
        let engine = DockerEngine(socket: file.runner.dockerSocket, sender: client)
        let images = PulledImages(file: file.state + "/pulled-images.json", now: { .wall })
        let parts = try RunnerParts(
            file.runner, settings: file.runner.ofRunner(in: file.state, defaultImage: nil, faults: faults),
            engine: engine, networks: networks, pulledImages: images, logger: logger)
        let mirrors = try Mirrors(root: file.state + "/mirrors")
        let coordinator = try HTTPCoordinator(
            server: RunnerServer(url: file.server, sender: client), credential: credential,
            tokensIn: file.state + "/tokens", inventory: { await parts.machine.look() })
        let runner = try RunnerService(
            settings: parts.settings, coordinator: coordinator, executor: parts.executor, mirrors: mirrors,
            inventory: { await parts.machine.look($0) }, power: { await parts.machine.power() }, logger: logger)
        let (unusedImages, unusedMirrors) = (file.images, file.mirrors)
        let upkeep = RunnerUpkeep(
            coordinator: coordinator,
            tidyUp: {
                try await images.removeUnused(for: unusedImages, from: engine)
                _ = try await mirrors.prune(
                    unusedSince: .wall - unusedMirrors, commitsUsedSince: .wall - min(.days(90), unusedMirrors))
            }, clock: .system, logger: logger)
        return ServingGroup(
            services: [upkeep, RemoteRunner(runner: runner, executor: parts.executor, logger: logger)], logger: logger)
    }
}
