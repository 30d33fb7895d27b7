import ArgumentParser
import Foundation
import Logging
import PipelineModel
import ServiceLifecycle

/// `pawl serve`: the server, with a runner inside.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Take events, run jobs, tell forges.",
        discussion: """
            Example: pawl serve --config /var/lib/pawl/pawl.yml
            SIGTERM finishes running jobs within runner.grace, then stops; a second one stops now.
            """)

    @Option(help: "The settings file; pawl init makes one.")
    var config = "/etc/pawl/pawl.yml"

    @Option(help: "A file to write the process id to once connections are taken.")
    var pidFile: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let settings: Settings
        let faults: FaultInjector
        do {
            settings = try await Settings.read(file: config, environment: environment)
            faults = try FaultInjector.fromEnvironment(environment)
        } catch let error as SettingsError {
            for problem in error.problems.dropLast() { Output.complaint("pawl: \(problem)") }
            throw CommandFailure(.usage, error.problems.last ?? "the settings are wrong")
        }
        let level = Logger.Level(rawValue: settings.server.logLevel) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "pawl")
        let pidFile = pidFile
        let assembly = try await Assembly(settings, faults: faults, logger: logger)
        let services = try assembly.services { port in
            logger.info("listening", metadata: ["address": "\(settings.server.host):\(port)"])
            if let pidFile { try? PrivateFile.write("\(getpid())\n", to: pidFile) }
        }
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            try? assembly.close()
            throw CommandFailure(.failed, "the server ended: \("\(error)".printable)")
        }
        try assembly.close()
    }
}
