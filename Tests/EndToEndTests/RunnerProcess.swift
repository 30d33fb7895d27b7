import Foundation
import NIOConcurrencyHelpers

/// `pawl runner start` as a process of its own, on a machine that has joined a site's pool with declared GPUs.
///
/// As with `ServerProcess` a shell stands between: when the tests end, so does the runner.
final class RunnerProcess: Sendable {
    /// Its name in the pool.
    let name: String
    /// The settings file that `pawl runner join` wrote.
    let config: String
    private let site: Site
    private let running: NIOLockedValueBox<Running?>
    private let written = NIOLockedValueBox<[UInt8]>([])

    private struct Running {
        var process: Process
        var lifeline: Pipe
        var pid: Int32
        var ended: Task<Int32?, Never>
        /// Gives something each time that it asks for jobs for the first time.
        var starts: AsyncStream<Int32>
    }

    // The runner is in the foreground: a shell that inherits a blocked SIGCHLD never wakes from `wait`.
    private static let script = """
        exec 3<&0
        (cat <&3 >/dev/null; kill -TERM "$(cat "$3")" 2>/dev/null) >/dev/null 2>&1 &
        sh -c 'echo $$ > "$2"; echo "pid $$"; exec "$0" runner start --config "$1"' "$1" "$2" "$3" </dev/null
        echo "ended $?"
        """

    /// Joins and starts a runner.
    /// - Parameters:
    ///   - networks: a range of this runner's own.
    ///   - gpus: the names of its GPUs.
    ///   - data: folders that it offers.
    init(
        _ name: String, on site: Site, token: String, networks: String, gpus: [String],
        data: [(name: String, path: String)] = []
    ) async throws {
        self.name = name
        self.site = site
        let folder = "\(site.folder)/\(name)"
        config = folder + "/runner.yml"
        running = NIOLockedValueBox(nil)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try declare(gpus)
        let joined = try await site.pawl(
            [
                "runner", "join", "-", "--server", site.address, "--name", name, "--slots", "1", "--state",
                folder + "/state", "--config", config, "--docker-socket", Docker.socket, "--network-range", networks,
                "--declared-gpus", folder + "/gpus.json", "--no-service",
            ] + data.flatMap { ["--data", "\($0.name)=\($0.path)"] }, input: token)
        guard joined.status == 0 else { throw SiteError("pawl runner join: \(joined.errors) \(joined.output)") }
        try await start()
    }

    /// Declares what GPUs the machine has now.
    /// - Parameter failed: those of them that have failed.
    func declare(_ gpus: [String], failed: [String] = []) throws {
        let declared = gpus.map { name in
            let failure = failed.contains(name) ? #", "failed": "Xid 79, fell off the bus""# : ""
            return #"{"uuid": "\#(name)", "model": "Test GPU", "memory": "24GiB"\#(failure)}"#
        }
        try Data("[\(declared.joined(separator: ", "))]".utf8)
            .write(to: URL(filePath: "\(site.folder)/\(name)/gpus.json"), options: .atomic)
    }

    /// Starts the runner, again where it has ended.
    func start() async throws {
        let (lines, report) = AsyncStream.makeStream(of: String.self)
        let (output, lifeline) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script, "sh", Site.binary, config, "\(site.folder)/\(name)/pid"]
        process.environment = site.environment.merging(["PAWL_RUNNER_LOW_WATER": "64MiB"]) { $1 }
        process.standardInput = lifeline
        process.standardOutput = output
        process.standardError = output
        let written = written
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return report.finish()
            }
            written.withLockedValue { $0 += data }
            for line in String(decoding: data, as: UTF8.self).split(separator: "\n") { report.yield(String(line)) }
        }
        try process.run()
        let (starts, began) = AsyncStream.makeStream(of: Int32.self)
        let ended = Task { () -> Int32? in
            var pid: Int32 = 0
            for await line in lines {
                if line.hasPrefix("pid ") { pid = Int32(line.dropFirst(4)) ?? 0 }
                if line.contains("asks for jobs") { began.yield(pid) }
                if line.hasPrefix("ended ") {
                    began.finish()
                    return Int32(line.dropFirst(6))
                }
            }
            began.finish()
            return nil
        }
        var iterator = starts.makeAsyncIterator()
        guard let pid = await iterator.next() else {
            throw SiteError("the runner \(name) did not start: \(log)")
        }
        running.withLockedValue {
            $0 = Running(process: process, lifeline: lifeline, pid: pid, ended: ended, starts: starts)
        }
    }

    /// What it has written so far.
    var log: String { String(decoding: written.withLockedValue { $0 }, as: UTF8.self) }

    /// Sends it a signal.
    func signal(_ number: Int32) {
        if let pid = running.withLockedValue({ $0?.pid }) { kill(pid, number) }
    }

    /// Makes it a new process in place, and returns when that asks for jobs.
    func restartInPlace() async throws {
        guard let known = running.withLockedValue({ $0 }) else { return }
        signal(SIGHUP)
        var starts = known.starts.makeAsyncIterator()
        guard await starts.next() == known.pid else { throw SiteError("\(name) is not back: \(log)") }
    }

    /// Waits for its end.
    /// - Returns: its exit status; above 128 where a signal ended it.
    func end() async -> Int32? { await running.withLockedValue { $0?.ended }?.value }

    /// The engine's label of its containers.
    func instance() throws -> String {
        try String(contentsOfFile: "\(site.folder)/\(name)/state/instance", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// What `pawl runner token --json` prints.
struct ShownJoinToken: Decodable, Sendable { var token: String }

/// What `pawl runner list --json` prints.
struct ShownRunners: Decodable, Sendable {
    struct Runner: Decodable, Sendable {
        struct GPU: Decodable, Sendable {
            var uuid: String
            var state: String
            var job: String?
        }

        struct Job: Decodable, Sendable { var job: String }

        var name: String
        var state: String
        var gpus: [GPU]
        var data: [String]
        var running: [Job]
    }

    var runners: [Runner]
}
