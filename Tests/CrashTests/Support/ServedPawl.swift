import Forges
import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// A data folder with a real `pawl serve` over it, which may die and be started again.
final class ServedPawl: Sendable {
    /// Its folder: settings, data, client file.
    let folder: String
    /// Where it listens, the same after a restart: hooks have the address.
    let address: String
    /// The port of that address.
    let port: Int
    private let served: [String: String]
    private let program: String
    private let running = NIOLockedValueBox<PawlProcess?>(nil)

    /// The forge of a server's settings.
    enum Forge {
        /// Plain Git with a status callback.
        case git(callback: String, secret: String)
        /// GitHub or GitLab, or a stub of one.
        case hosted(ForgeKind, api: String, token: String)
    }

    /// What its settings say of jobs.
    struct Role {
        /// How many jobs its own runner carries out at once.
        var slots = 2
        /// Where the networks of its jobs are cut from; nil takes the engine's range.
        var networks: String?
        /// The address that it listens on; 0.0.0.0 lets machines reach it that are not this one.
        var listens = "127.0.0.1"
        /// The lease in seconds.
        var lease = 60
        /// What its environment says besides.
        var environment: [String: String] = [:]
        /// The file that is run; another may take its place.
        var program = PawlProcess.binary
        /// The size of a disk of its own for its data, in MiB; nil for the machine's.
        var disk: Int?
    }

    /// The sections' name in every settings file here.
    static let forgeName = "local"

    private init(forge: Forge, engine: TestEngine, as role: Role) async throws {
        port = try Self.freePort()
        (program, served) = (role.program, role.environment)
        folder = NSTemporaryDirectory() + "pawl-crash-" + UUID().uuidString
        address = "http://127.0.0.1:\(port)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let size = role.disk { try SmallDisk.mount(at: data, megabytes: size) }
        let made = try PawlProcess([
            "init", "--data", data, "--listen", "127.0.0.1:\(port)", "--client-file", clientFile,
        ])
        guard await made.ended() == .exited(0) else { throw Failure(output: made.output) }
        try Self.settings(forge, port: port, folder: folder, engine: engine, as: role)
            .write(toFile: settingsFile, atomically: true, encoding: .utf8)
    }

    /// Lends a server to a body; it has not been started. Ends it and removes its folder whatever happens.
    static func lend(
        forge: Forge, engine: TestEngine, as role: Role = .init(), to body: (ServedPawl) async throws -> Void
    ) async throws {
        let server = try await ServedPawl(forge: forge, engine: engine, as: role)
        defer {
            if role.disk != nil { SmallDisk.unmount(server.data) }
            try? FileManager.default.removeItem(atPath: server.folder)
        }
        do {
            try await body(server)
        } catch {
            await server.kill()
            Issue.record("The server's log ends: \(server.log.suffix(60_000))")
            throw error
        }
        await server.kill()
    }

    /// The data folder.
    var data: String { folder + "/data" }
    /// The id of its runner, which labels all that the runner makes. It is there once the server has listened.
    var instance: String { (try? String(contentsOfFile: data + "/runner/instance", encoding: .utf8)) ?? "none" }
    private var clientFile: String { folder + "/client.json" }
    var settingsFile: String { folder + "/pawl.yml" }
    private var environment: [String: String] { ["PAWL_CLIENT_FILE": clientFile] }

    private static func settings(
        _ forge: Forge, port: Int, folder: String, engine: TestEngine, as role: Role
    ) throws -> String {
        var lines = ["kind: git"]
        switch forge {
        case .git(let callback, let secret):
            try secret.write(toFile: folder + "/secret", atomically: true, encoding: .utf8)
            lines += ["callback: \(callback)", "callback-secret-file: \(folder)/secret"]
        case .hosted(let kind, let api, let token):
            try token.write(toFile: folder + "/secret", atomically: true, encoding: .utf8)
            lines = [
                "kind: \(kind.rawValue)", "api: \(api)", "token-file: \(folder)/secret",
                "clone-token-file: \(folder)/secret",
            ]
        }
        return """
            server:
              listen: \(role.listens):\(port)
              url: http://127.0.0.1:\(port)
              data: \(folder)/data
              lease: \(role.lease)
            forges: [\(forgeName)]
            forge:
              \(forgeName):
            \(lines.map { "    " + $0 }.joined(separator: "\n"))
            runner:
              slots: \(role.slots)
              docker-socket: \(engine.socket)
              network-range: \(role.networks ?? engine.networks)
              low-water: 4MiB

            """
    }

    // MARK: Life

    /// Starts it, and returns when it listens.
    /// - Parameter fault: what `PAWL_FAULT` says: the point at which it dies.
    @discardableResult
    func start(fault: String? = nil) async throws -> PawlProcess {
        var environment = environment.merging(served) { $1 }
        environment["PAWL_FAULT"] = fault
        let process = try PawlProcess(["serve", "--config", settingsFile], environment: environment, program: program)
        running.withLockedValue { $0 = process }
        try await process.line(with: "listening")
        return process
    }

    /// Stops it as a person does, and waits for its end.
    func stop() async throws {
        guard let process = running.withLockedValue({ $0 }) else { return }
        process.signal(SIGTERM)
        guard await process.ended() == .exited(0) else { throw Failure(output: process.output) }
    }

    /// Makes it a new process in place, and returns when that listens.
    func restartInPlace() async throws {
        guard let process = running.withLockedValue({ $0 }) else { return }
        process.signal(SIGHUP)
        try await process.line(with: "restarting in place")
        try await process.line(with: "listening")
    }

    /// Asks it to become a new process in place, and returns when it says that it does not.
    func refuseToRestart() async throws {
        guard let process = running.withLockedValue({ $0 }) else { return }
        process.signal(SIGHUP)
        try await process.line(with: "not restarted")
    }

    /// Its process.
    var process: pid_t { running.withLockedValue { $0 }?.id ?? 0 }

    /// The file that its process runs.
    var runningProgram: String { running.withLockedValue { $0 }?.program ?? "" }

    /// Ends it at once, as a crash would; nothing where it does not run.
    func kill() async {
        guard let process = running.withLockedValue({ $0 }) else { return }
        process.signal(SIGKILL)
        _ = await process.ended()
    }

    /// What the process that was started last has written.
    var log: String { running.withLockedValue { $0 }?.output ?? "" }

    // MARK: Commands

    /// How a shell begins a command that speaks to this server.
    var command: String { "PAWL_CLIENT_FILE=\(clientFile) \(PawlProcess.binary)" }

    /// A token to join its pool with.
    func joinToken(_ options: String...) async throws -> String {
        struct JoinToken: Decodable { var token: String }
        let process = try begin(["runner", "token", "--for", "1h", "--json"] + options)
        guard await process.ended() == .exited(0) else { throw Failure(output: process.output) }
        return try JSONDecoder().decode(JoinToken.self, from: Data(await process.wholeOutput().utf8)).token
    }

    /// Starts another `pawl` command that speaks to this server.
    func begin(_ arguments: [String]) throws -> PawlProcess {
        try PawlProcess(arguments, environment: environment)
    }

    /// Runs another `pawl` command to its end.
    /// - Returns: what it wrote.
    /// - Throws: `Failure` where it ends with another code than 0.
    @discardableResult
    func run(_ arguments: String...) async throws -> String {
        let process = try begin(arguments)
        guard await process.ended() == .exited(0) else { throw Failure(output: process.output) }
        return await process.wholeOutput()
    }

    /// Runs a command with `--json`, and reads what it shows.
    func read<View: Decodable>(_ arguments: String..., as type: View.Type = View.self) async throws -> View {
        let process = try begin(arguments + ["--json"])
        guard await process.ended() == .exited(0) else { throw Failure(output: process.output) }
        return try JSONDecoder().decode(View.self, from: Data(await process.wholeOutput().utf8))
    }

    /// A command did not end well.
    struct Failure: Error {
        var output: String
    }

    /// A port that nobody listens on, below those that connections get by themselves.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let isFree = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isFree { return port }
        }
        throw Failure(output: "no port is free")
    }
}
