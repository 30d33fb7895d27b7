import ArgumentParser
import Foundation
import Logging
import PipelineModel
import Server
import ServiceLifecycle
import Store
import UnixSignals

/// `pawl serve`: the server, with a runner inside.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take events, run jobs, tell forges.",
        discussion: """
            Example: pawl serve --config /var/lib/pawl/pawl.yml
            SIGTERM finishes running jobs within runner.grace, then stops; a second one stops now. SIGHUP makes a new
            process of it with the program and the settings that are on disk then, and jobs go on.
            """)

    @Option(help: "The settings file; pawl init makes one.")
    var config = "/etc/pawl/pawl.yml"

    @Option(help: "A file to write the process id to once connections are taken.")
    var pidFile: String?

    @Flag(help: "Read the settings, say what is wrong with them, and end.")
    var check = false

    func run() async throws {
        OpenFiles.raiseLimit()
        let environment = ProcessInfo.processInfo.environment
        let inherited = ListeningSocket(inherited: environment)
        let settings: Settings
        let faults: FaultInjector
        do {
            settings = try await Settings.read(file: config, environment: environment)
            faults = try FaultInjector.fromEnvironment(environment)
            if check { return try Assembly.check(settings) }
        } catch let error as SettingsError {
            throw Self.failure(error)
        }
        let level = Logger.Level(rawValue: settings.server.logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "pawl")
        let assembly: Assembly
        do {
            assembly = try await Assembly(settings, inherited: inherited, faults: faults, logger: logger)
        } catch let error as StoreError {
            throw CommandFailure(store: error)
        } catch let error as SettingsError {
            throw Self.failure(error)
        }
        let services: (all: [any Service], web: WebService)
        do {
            services = try allServices(of: assembly, logger: logger)
        } catch let error as SettingsError {
            try? assembly.close()
            throw Self.failure(error)
        }
        let restarting = Task { await RestartInPlace(web: services.web, logger: logger).whenAsked() }
        defer { restarting.cancel() }
        let ending: ServingGroup.Ending
        do {
            ending = try await ServingGroup(services: services.all, logger: logger)
                .run(until: await UnixSignalsSequence(trapping: .sigterm, .sigint))
        } catch {
            try? assembly.close()
            throw CommandFailure(.failed, "the server ended: \("\(error)".printable)")
        }
        try assembly.close()
        if ending == .cut { throw CommandFailure(.failed, "stopped at once; what ran is given back at the next start") }
    }

    /// What runs, and of it what answers HTTP; where asked for, a file says that it does.
    private func allServices(
        of assembly: Assembly, logger: Logger
    ) throws -> (all: [any Service], web: WebService) {
        let (server, pidFile) = (assembly.settings.server, pidFile)
        return try assembly.services { port in
            logger.info("listening", metadata: ["address": "\(server.host):\(port)"])
            guard let pidFile else { return }
            do {
                try PrivateFile.write("\(getpid())\n", to: pidFile)
            } catch {
                // The server is up and goes on: whoever waits for the file is told why it does not come.
                logger.error("no pid file", metadata: ["path": "\(pidFile)", "error": "\(error)"])
            }
        }
    }

    /// Every problem on a line of its own.
    private static func failure(_ error: SettingsError) -> CommandFailure {
        for problem in error.problems.dropLast() { Output.complaint("pawl: \(problem)") }
        return CommandFailure(.usage, error.problems.last ?? "the settings are wrong")
    }
}
