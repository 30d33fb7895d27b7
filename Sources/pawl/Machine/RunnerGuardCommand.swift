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
        commandName: "guard", abstract: "Remove what a runner that died leaves running.",
        discussion: "Example: pawl runner guard --config /etc/pawl/runner.yml (pawl runner start does it)",
        shouldDisplay: false)

    @Option(help: "The runner's settings file.")
    var config = RunnerFile.usualPath

    func run() async throws {
        if Self.waitForEnd() == GuardProcess.farewell { return }
        let file = try await RunnerFile.read(file: config, environment: ProcessInfo.processInfo.environment)
        guard let networks = IPv4Range(file.runner.networkRange) else { return }
        let client = HTTPClient()
        defer { client.shutdown() }
        let settings = file.runner.ofRunner(in: file.state, defaultImage: nil, faults: .none)
        let executor = DockerExecutor(
            engine: DockerEngine(socket: file.runner.dockerSocket, sender: client),
            settings: .init(instance: try settings.instance(), networks: networks))
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        await (try LeaseGuard(settings: settings, executor: executor, logger: Logger(label: "pawl.guard"))).run()
    }

    /// Reads until the runner has let go of the pipe.
    private static func waitForEnd() -> String {
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return String(decoding: said, as: UTF8.self) }
            said += buffer[..<count]
        }
    }
}
