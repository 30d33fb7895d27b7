import Foundation
import NIOConcurrencyHelpers
import TestSupport

/// `pawl runner start` as a process of its own, which may die and be started again.
final class PoolRunner: Sendable {
    /// Its name in the pool.
    let name: String
    /// The engine that it works with.
    let engine: TestEngine
    private let machine: NamespacedMachine?
    private let folder: String
    private let program: String
    private let running = NIOLockedValueBox<PawlProcess?>(nil)
    private let earlier = NIOLockedValueBox("")

    /// Takes a runner into a server's pool. It has not been started.
    /// - Parameters:
    ///   - address: where it reaches the server; nil for the address that its machine knows it by.
    ///   - options: more of `pawl runner join`.
    ///   - program: the file that is run.
    ///   - disk: the size of a disk of its own for its state, in MiB; nil for the machine's.
    ///   - machine: where it runs, with the engine there; nil for this machine.
    init(
        _ name: String, of server: ServedPawl, at address: String? = nil, token: String, networks: String,
        engine: TestEngine = .shared, options: [String] = [], program: String = PawlProcess.binary,
        disk: Int? = nil, machine: NamespacedMachine? = nil
    ) async throws {
        let engine = machine?.engine ?? engine
        let address = address ?? machine?.address(of: server) ?? server.address
        self.engine = engine
        self.machine = machine
        self.name = name
        self.program = program
        folder = server.folder + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let disk { try SmallDisk.mount(at: state, megabytes: disk) }
        let words =
            [
                "runner", "join", token, "--server", address, "--name", name, "--slots", "2", "--state", state,
                "--config", config, "--docker-socket", engine.socket, "--network-range", networks, "--no-service",
            ] + options
        let joining = try server.begin(words)
        guard await joining.ended() == .exited(0) else { throw ServedPawl.Failure(output: joining.output) }
        if disk != nil { try lowerLowWater() }
    }

    /// A small disk has always less free than a runner wants usually.
    private func lowerLowWater() throws {
        let settings = try String(contentsOfFile: config, encoding: .utf8)
        try settings.replacingOccurrences(of: "runner:\n", with: "runner:\n  low-water: 4MiB\n")
            .write(toFile: config, atomically: true, encoding: .utf8)
    }

    /// Takes away the disk of its own, where it has one.
    func removeDisk() { SmallDisk.unmount(state) }

    /// Its state folder.
    var state: String { folder + "/state" }
    private var config: String { folder + "/runner.yml" }
    /// What labels all that it makes.
    var instance: String { (try? String(contentsOfFile: state + "/instance", encoding: .utf8)) ?? "none" }
    /// What its processes have written.
    var log: String { earlier.withLockedValue { $0 } + (running.withLockedValue { $0 }?.output ?? "") }

    /// Starts it, and returns when it asks for jobs.
    /// - Parameter fault: what `PAWL_FAULT` says.
    @discardableResult
    func start(fault: String? = nil) async throws -> PawlProcess {
        let environment = fault.map { ["PAWL_FAULT": $0] } ?? [:]
        let words = ["runner", "start", "--config", config]
        let process =
            if let machine {
                try PawlProcess(machine.words + [program] + words, environment: environment, program: machine.command)
            } else {
                try PawlProcess(words, environment: environment, program: program)
            }
        let before = running.withLockedValue { known in
            defer { known = process }
            return known?.output ?? ""
        }
        earlier.withLockedValue { $0 = String(($0 + before).suffix(200_000)) }
        try await process.line(with: "asks for jobs")
        return process
    }

    /// Makes it a new process in place, and returns when that asks for jobs.
    func restartInPlace() async throws {
        guard let process = running.withLockedValue({ $0 }) else { return }
        process.signal(SIGHUP)
        try await process.line(with: "restarting in place")
        try await process.line(with: "asks for jobs")
    }

    /// Its process.
    var process: pid_t { running.withLockedValue { $0 }?.id ?? 0 }

    /// The file that its process runs.
    var runningProgram: String { running.withLockedValue { $0 }?.program ?? "" }

    /// Sends it a signal.
    func signal(_ number: Int32) { running.withLockedValue { $0 }?.signal(number) }

    /// Ends it at once.
    func kill() async {
        signal(SIGKILL)
        _ = await running.withLockedValue { $0 }?.ended()
    }

    /// Stops it as a person does.
    /// - Returns: how it ended.
    func stop() async -> PawlProcess.Ending? {
        signal(SIGTERM)
        return await running.withLockedValue { $0 }?.ended()
    }
}
