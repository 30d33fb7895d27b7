import ArgumentParser
import Executors
import Foundation
import HTTPTransport
import Logging
import PipelineModel
import Runner

/// `pawl runner guard`: what `pawl runner start` starts beside itself.
struct RunnerGuardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "Remove what a runner that died or stands still leaves running.",
        discussion: "Example: pawl runner guard --config /etc/pawl/runner.yml (pawl runner start does it)",
        shouldDisplay: false)

    @Option(help: "The runner's settings file.")
    var config = RunnerFile.usualPath

    func run() async throws {
        let file = try await RunnerFile.read(file: config, environment: ProcessInfo.processInfo.environment)
        guard let networks = IPv4Range(file.runner.networkRange) else { return }
        let client = HTTPClient()
        defer { client.shutdown() }
        let settings = file.runner.ofRunner(in: file.state, defaultImage: nil, faults: .none)
        let executor = DockerExecutor(
            engine: DockerEngine(socket: file.runner.dockerSocket, sender: client),
            settings: .init(instance: try settings.instance(), networks: networks))
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        let leases = try LeaseGuard(settings: settings, executor: executor, logger: Logger(label: "pawl.guard"))
        while true {
            switch Self.listen() {
            case nil: await leases.look()
            case GuardProcess.farewell: return
            default: return await leases.run()
            }
        }
    }

    /// Listens for a second.
    /// - Returns: what the runner said before it let go of the pipe; nil where it has not.
    private static func listen() -> String? {
        var pipe = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&pipe, 1, 1_000) > 0 else { return nil }
        // It says one word at most, and ends then.
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0 && errno == EINTR { return nil }
        return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }
}
