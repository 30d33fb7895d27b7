import ArgumentParser
import Executors
import Foundation
import HTTPTransport
import Logging
import ServiceLifecycle

/// `pawl exec`
struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run the jobs of this checkout in containers here, changes that are not committed included.",
        usage: "pawl exec [<jobs> ...] [<options>]",
        discussion: """
            Example: pawl exec    pawl exec test --variable EPOCHS=1    pawl exec deploy --env-file secrets.env
            Jobs that deploy or that a person starts run only when they are named. Needs a container engine, no server.
            """)

    @Argument(help: "Jobs to run, with what they need; without any, all that run by themselves.")
    var jobs: [String] = []

    @OptionGroup var event: EventOptions

    @Option(help: "The image of jobs that name none.")
    var image: String?

    @Option(help: "How many jobs run at once.")
    var slots = min(4, max(1, ProcessInfo.processInfo.activeProcessorCount))

    @Option(help: ArgumentHelp("A secret whose value is read from standard input.", valueName: "NAME"))
    var secret: [String] = []

    @Option(help: ArgumentHelp("A file of secrets, a line each: NAME=value.", valueName: "file"))
    var envFile: String?

    @Option(
        help: ArgumentHelp("A folder that jobs read with ml: data, at /data/NAME.", valueName: "NAME=folder"))
    var data: [DataOption] = []

    @Option(help: ArgumentHelp("The container engine's socket.", valueName: "path"))
    var dockerSocket: String?

    @Flag(help: "Print one JSON object at the end, and nothing before.")
    var json = false

    @Flag(help: "Say on standard error what the runner does beside the jobs.")
    var verbose = false

    func validate() throws {
        guard (1...64).contains(slots) else { throw ValidationError("--slots is a number from 1 to 64") }
    }

    func run() async throws {
        guard let root = CheckoutHead.root(of: ".") else {
            throw CommandFailure(.usage, "this is no git checkout.  git init, or go into one")
        }
        let isVerbose = verbose
        let logger = Logger(label: "pawl.exec") { label -> any LogHandler in
            if isVerbose { return StreamLogHandler.standardError(label: label) }
            return SwiftLogNoOpLogHandler()
        }
        let settings = LocalPipeline.Settings(
            defaultImage: image, slots: slots, secrets: try ExecSecrets(envFile: envFile, names: secret),
            data: Dictionary(data.map { ($0.name, $0.path) }, uniquingKeysWith: { _, last in last }),
            variables: try event.variables(), logger: logger)
        let client = HTTPClient()
        defer { client.shutdown() }
        let socket = EngineSocket.path(named: dockerSocket, environment: ProcessInfo.processInfo.environment)
        let run = ExecRun(
            request: .init(
                root: root, names: jobs, event: event, socket: socket, settings: settings, json: json),
            engine: DockerEngine(socket: socket, sender: client))
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: run, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigint, .sigterm], logger: logger))
        try await group.run()
        let status: CommandFailure.Status = try run.ending.withLockedValue { $0 }?.get() ?? .failed
        if status != .done { throw CommandFailure(status) }
    }
}

/// Where the container engine listens.
enum EngineSocket {
    /// What was named, else what the environment of Docker's own commands says, else the usual place.
    static func path(named: String?, environment: [String: String]) -> String {
        if let named { return named }
        if let own = environment["PAWL_DOCKER_SOCKET"], !own.isEmpty { return own }
        let prefix = "unix://"
        if let host = environment["DOCKER_HOST"], host.hasPrefix(prefix) { return String(host.dropFirst(prefix.count)) }
        return "/var/run/docker.sock"
    }
}
