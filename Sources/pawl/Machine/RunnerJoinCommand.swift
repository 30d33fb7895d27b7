import ArgumentParser
import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Runner
import Server

/// `pawl runner join`
struct RunnerJoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Take this machine into a server's pool of runners.",
        usage: "pawl runner join <token> --server <url> [<options>]",
        discussion: "Example: pawl runner join pjt_… --server https://pawl.example.com --data imagenet=/data/imagenet")

    @Argument(help: "The token that pawl runner token printed; - reads it from standard input.")
    var token: String

    @Option(help: ArgumentHelp("The server's address.", valueName: "url"))
    var server: String

    @Option(help: "The runner's name; without one, the machine's.")
    var name: String?

    @Option(help: "How many jobs it carries out at once; without a number, one for each GPU, two at least.")
    var slots: Int?

    @Option(help: ArgumentHelp("Where it keeps its state.", valueName: "folder"))
    var state = RunnerFile.usualState

    @Option(help: ArgumentHelp("The settings file to write.", valueName: "file"))
    var config = RunnerFile.usualPath

    @Option(help: ArgumentHelp("A folder that jobs read with ml: data, at /data/NAME.", valueName: "NAME=folder"))
    var data: [DataOption] = []

    @Option(help: ArgumentHelp("The container engine's socket.", valueName: "path"))
    var dockerSocket: String?

    @Option(help: ArgumentHelp("Where job networks take their addresses from.", valueName: "range"))
    var networkRange: String?

    @Option(help: ArgumentHelp("A JSON file of GPUs that stands in for nvidia-smi.", valueName: "file"))
    var declaredGpus: String?

    @Flag(inversion: .prefixedNo, help: "Whether to write a systemd unit, where systemd runs.")
    var service = true

    @Flag(help: "Print one JSON object with the same facts.")
    var json = false

    func validate() throws {
        if let slots, !(1...256).contains(slots) { throw ValidationError("--slots is a number from 1 to 256") }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw ValidationError("--server is an address such as https://pawl.example.com")
        }
        if let name, !RunnerProtocol.JoinRequest.isName(name) {
            throw ValidationError("--name has up to 63 letters, digits and -._, the first a letter or digit")
        }
    }

    func run() async throws {
        let started = ContinuousClock.now
        let secret = try readToken()
        let program = try await checkProgram(against: secret)
        let client = HTTPClient.ofEnvironment()
        defer { client.shutdown() }
        let paths = try MachinePaths(state: state, config: config)
        let socket = EngineSocket.path(named: dockerSocket, environment: ProcessInfo.processInfo.environment)
        let engine = DockerEngine(socket: socket, sender: client)
        let folders = data.map { ($0.name, $0.path) }
        let declared = try declaredGpus.map { path in
            let absolute = URL(fileURLWithPath: path).path
            do { _ = try DeclaredGPUs.read(absolute) } catch { throw CommandFailure(.usage, "\(error)".printable) }
            return absolute
        }
        let machine = MachineInventory(
            settings: .init(
                declaredGPUs: declared, data: Dictionary(folders, uniquingKeysWith: { _, last in last })),
            of: DockerExecutor(engine: engine, settings: .init(instance: "joining")))
        let inventory = await machine.look()
        let examination = MachineExamination(
            engine: engine, state: paths.state, inventory: inventory, data: folders.map { (name: $0.0, path: $0.1) })
        var checks = [CheckView("pawl", .good, program)] + (await examination.checks())
        if checks.contains(where: { $0.verdict == .bad }) {
            show(checks)
            throw CommandFailure(.failed, "this machine cannot be a runner as it is; nothing has joined")
        }
        let answer = try await join(secret, inventory, with: client)
        _ = try RunnerCredential(answer.credential.value, file: paths.state + "/credential")
        try write(answer, inventory: inventory, folders: folders, socket: socket, declared: declared, to: paths)
        checks.append(try installService(paths))
        let free = inventory.gpus.filter { $0.condition == .usable }.count
        let view = RunnerJoinView(
            runner: answer.name, tags: answer.tags, slots: answer.slots, isEphemeral: answer.ephemeral, freeGPUs: free,
            settings: paths.config, checks: checks)
        if json { return Output.line(try ClientOptions.jsonText(view)) }
        show(checks)
        let cards = inventory.gpus.isEmpty ? "" : " with \(free) free \(free == 1 ? "GPU" : "GPUs")"
        Output.line("  \(answer.name) is in the pool\(cards) after \((ContinuousClock.now - started).text)")
    }

    private func show(_ checks: [CheckView]) {
        if !json { Output.lines(CheckRendering.lines(checks, on: .standardOutput())) }
    }

    private func readToken() throws -> Redacted {
        if token != "-" { return Redacted(token) }
        return Redacted(try SecretInput.read(prompt: "token, not echoed: ", isFile: false).revealed.trimmingSpaces)
    }

    /// Compares this program with the one that the token names, so that both ends are of one version.
    /// - Returns: what was found, in words.
    private func checkProgram(against token: Redacted) async throws -> String {
        let parts = token.revealed.split(separator: ".", maxSplits: 1)
        guard parts.count == 2 else { throw CommandFailure(.usage, "the token is cut off: copy it whole") }
        let digest: String
        do {
            digest = try await ServerProgram().digest()
        } catch {
            throw CommandFailure(.failed, "this program cannot read itself: \(error)")
        }
        guard digest == parts[1] else {
            throw CommandFailure(
                .refused, "this pawl is not the server's own: fetch that with \(server.printable)/join")
        }
        return "\(Version.text), the server's own program, sha256 as the token says"
    }

    private func join(
        _ token: Redacted, _ inventory: RunnerInventory, with client: HTTPClient
    ) async throws -> RunnerProtocol.JoinAnswer {
        let wish = RunnerProtocol.JoinRequest(
            name: name ?? Self.machineName, slots: slots ?? max(2, inventory.gpus.count), inventory: inventory,
            version: Version.text)
        do {
            return try await RunnerServer(url: server, sender: client).join(wish, token: token)
        } catch CoordinatorError.refused(let reason) {
            throw CommandFailure(.refused, reason.printable)
        } catch CoordinatorError.unavailable(let reason) {
            throw CommandFailure(.unreached, "\(server.printable) does not take it: \(reason.printable)")
        }
    }

    /// The machine's name as a runner may be called.
    private static var machineName: String {
        let first = ProcessInfo.processInfo.hostName.prefix { $0 != "." }
        let name = String(first.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }.prefix(63))
        return RunnerProtocol.JoinRequest.isName(name) ? name : "runner"
    }

    private func write(
        _ answer: RunnerProtocol.JoinAnswer, inventory: RunnerInventory, folders: [(String, String)], socket: String,
        declared: String?, to paths: MachinePaths
    ) throws {
        var file = NewRunnerFile(
            runner: .init(
                server: server, name: answer.name, slots: answer.slots, tags: answer.tags, state: paths.state,
                dockerSocket: socket, networkRange: networkRange, declaredGPUs: declared))
        if !folders.isEmpty {
            file.dataFolders = folders.map(\.0)
            file.data = Dictionary(folders.map { ($0.0, .init(path: $0.1)) }, uniquingKeysWith: { _, last in last })
        }
        try PrivateFile.write(try file.text(), to: paths.config)
    }

    private func installService(_ paths: MachinePaths) throws -> CheckView {
        let start = HelpView("pawl runner start --config \(paths.config)", "begins to take jobs")
        guard service, RunnerUnit.canBeInstalled else {
            return CheckView("service", .attention, "no systemd unit was written", helps: [start])
        }
        let program = ProcessInfo.processInfo.arguments.first.flatMap { realpath($0, nil) }
        defer { free(program) }
        let path = program.map { String(cString: $0) } ?? "/usr/local/bin/pawl"
        let unit = RunnerUnit.text(program: path, config: paths.config)
        do {
            try Data(unit.utf8).write(to: URL(fileURLWithPath: RunnerUnit.path), options: .atomic)
        } catch {
            return CheckView("service", .attention, "\(RunnerUnit.path) cannot be written", helps: [start])
        }
        return CheckView(
            "service", .good, "pawl-runner, starts at boot once it is enabled",
            helps: [HelpView("systemctl enable --now pawl-runner", "the join script does it")])
    }
}

/// The folders of a machine that is to be a runner, made before anything is asked of the server.
struct MachinePaths {
    let state: String
    let config: String

    init(state: String, config: String) throws {
        self.state = URL(fileURLWithPath: state).path
        self.config = URL(fileURLWithPath: config).path
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: self.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try files.createDirectory(
                atPath: (self.config as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure(
                .failed, "\(self.state) or the folder of \(self.config) cannot be made.  sudo, or --state")
        }
    }
}

/// A machine that has joined.
struct RunnerJoinView: Codable {
    /// The runner's name.
    var runner: String
    /// What jobs may ask for by `tags`.
    var tags: [String]
    /// How many jobs it carries out at once.
    var slots: Int
    /// Whether it takes one job and goes.
    var isEphemeral: Bool
    /// How many GPUs jobs can have now.
    var freeGPUs: Int
    /// The settings file that was written.
    var settings: String
    /// What was found on the machine.
    var checks: [CheckView]
}

/// A data folder as it is written in an option: `imagenet=/data/imagenet`.
struct DataOption: ExpressibleByArgument {
    /// The name that jobs ask for it by.
    var name: String
    /// The folder on this machine.
    var path: String

    init?(argument: String) {
        guard let sign = argument.firstIndex(of: "="), DataName.isValid(String(argument[..<sign])) else { return nil }
        name = String(argument[..<sign])
        path = URL(fileURLWithPath: String(argument[argument.index(after: sign)...])).standardizedFileURL.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            return nil
        }
    }
}
