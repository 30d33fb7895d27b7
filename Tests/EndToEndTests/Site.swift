import Forges
import Foundation
import HTTPTransport
import Subprocess
import SystemPackage
import TestSupport

/// A forge and a server that works for it, both real: HTTP between them, git, SQLite, containers.
///
/// Scenarios that do not disturb each other share one a flavour; each has repositories of its own.
final class Site: Sendable {
    /// The forge. What it was told is the truth that scenarios are judged by.
    let forge: StubForge
    /// The server.
    let server: ServerProcess
    /// Where the server has its data.
    let data: String
    /// The server's address.
    let address: String
    /// The name of the forge's section in the settings.
    let section: String
    /// Where checkouts are.
    let workspace: String
    /// A folder that jobs of the environment `production` of `secrets/deploy` see as `/signal`.
    let signals: String
    /// A folder of this site's that is gone when it is.
    let folder: String
    let environment: [String: String]

    private static let github = Task { try await Site(.github, networks: "10.218.0.0/16") }
    private static let gitlab = Task { try await Site(.gitlab, networks: "10.219.0.0/16") }
    private static let pool = Task { try await Site(.github, networks: "10.220.0.0/16", slots: 0) }

    /// The site whose server has no runner inside: jobs wait for runners that join.
    static func withoutRunner() async throws -> Site { try await pool.value }

    /// The site of a flavour that scenarios share.
    static func shared(_ kind: ForgeKind) async throws -> Site {
        try await kind == .gitlab ? gitlab.value : github.value
    }

    /// The command under test: the one that was built beside the tests, or `PAWL_BINARY`.
    static let binary: String =
        ProcessInfo.processInfo.environment["PAWL_BINARY"]
        ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "pawl").path

    /// Starts a forge and a server.
    init(_ kind: ForgeKind, networks: String, slots: Int = 4) async throws {
        forge = try await StubForge.start(kind)
        section = kind.rawValue
        folder = NSTemporaryDirectory() + "pawl-e2e-" + UUID().uuidString.prefix(8)
        workspace = folder + "/checkouts"
        signals = folder + "/signals"
        data = folder + "/data"
        let port = try Self.freePort()
        address = "http://127.0.0.1:\(port)"
        try FileManager.default.createDirectory(atPath: signals, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: workspace, withIntermediateDirectories: true)
        environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder,
            "PAWL_CLIENT_FILE": folder + "/client.json", "NO_COLOR": "1",
        ]
        let token = forge.createToken(for: "pawl-bot")
        try Data(token.utf8).write(to: URL(filePath: folder + "/forge-token"))
        let cloneToken = forge.createToken(for: "pawl-bot", mayWrite: false)
        try Data(cloneToken.utf8).write(to: URL(filePath: folder + "/clone-token"))
        let config = folder + "/settings.yml"
        // The server listens on every address, so that only the fence is between a job and it.
        try Data(
            """
            server:
              listen: 0.0.0.0:\(port)
              url: \(address)
              data: \(data)
              log-level: debug
              default-image: pawl-test:tiny
            forges: [\(section)]
            forge:
              \(section):
                kind: \(section)
                api: \(forge.url)
                token-file: \(folder)/forge-token
                clone-token-file: \(folder)/clone-token
                clone-submodules: true
            runner:
              slots: \(slots)
              grace: 1
              docker-socket: \(Docker.socket)
              network-range: \(networks)
              low-water: 64MiB
            mounts: [signals]
            mount:
              signals: {path: \(signals), target: /signal, repository: secrets/deploy, environment: production}
            """.utf8
        ).write(to: URL(filePath: config))
        let made = try await Self.run(
            Self.binary, ["init", "--data", data, "--listen", "127.0.0.1:\(port)"], environment: environment)
        guard made.status == 0 else { throw SiteError("pawl init: \(made.errors)") }
        server = try await ServerProcess(
            binary: Self.binary, config: config, folder: folder, environment: environment)
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw SiteError("no port is free") }
        return UInt16(bigEndian: address.sin_port)
    }

    // MARK: Commands

    /// What a command came to.
    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs a `pawl` command as a person with the first token would.
    func pawl(_ arguments: String...) async throws -> Outcome { try await pawl(arguments) }

    /// Runs a `pawl` command with something on its standard input.
    func pawl(_ arguments: [String], input: String = "") async throws -> Outcome {
        try await Self.run(Self.binary, arguments, environment: environment, input: input)
    }

    /// Follows a job's log until a text is in it.
    /// - Returns: the log so far.
    func log(of job: String, until text: String) async throws -> String {
        let (pieces, report) = AsyncStream.makeStream(of: String.self)
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: Self.binary)
        process.arguments = ["logs", job, "--follow"]
        process.environment = environment
        process.standardOutput = output
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return report.finish()
            }
            report.yield(String(decoding: data, as: UTF8.self))
        }
        try process.run()
        defer { process.terminate() }
        var log = ""
        for await piece in pieces {
            log += piece
            if log.contains(text) { return log }
        }
        throw SiteError("the log of \(job) ended without \(text): \(log)")
    }

    /// A page, as a browser gets it.
    func page(_ address: String) async throws -> String {
        let answer = try await Self.client.send(HTTPRequest("GET", address))
        guard answer.status == 200 else { throw SiteError("\(address): \(answer.status)") }
        return String(decoding: try await answer.collect(upTo: 8 << 20), as: UTF8.self)
    }

    private static let client = HTTPClient()

    /// Every file in the server's data folder, the database and its log among them.
    func files() throws -> [(path: String, text: String)] {
        try FileManager.default.subpathsOfDirectory(atPath: data).compactMap { path in
            FileManager.default.contents(atPath: "\(data)/\(path)").map {
                (path, String(decoding: $0, as: UTF8.self))
            }
        }
    }

    /// Runs a command that is to succeed, and reads the object it prints.
    func pawl<Shown: Decodable>(_ arguments: String..., as type: Shown.Type) async throws -> Shown {
        let outcome = try await Self.run(Self.binary, arguments + ["--json"], environment: environment)
        guard outcome.status == 0 else { throw SiteError("pawl \(arguments): \(outcome.errors)") }
        return try JSONDecoder().decode(type, from: Data(outcome.output.utf8))
    }

    /// Runs a command to its end.
    static func run(
        _ command: String, _ arguments: [String], environment: [String: String], input: String = "",
        in folder: String? = nil
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            command.contains("/") ? .path(FilePath(command)) : .name(command), arguments: Arguments(arguments),
            environment: .custom(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
            ), workingDirectory: folder.map { FilePath($0) }, input: .string(input),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = code }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }
}
