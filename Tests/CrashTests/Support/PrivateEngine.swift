import Executors
import Foundation
import Subprocess
import TestSupport
import Testing

/// A Docker Engine of the suite's own, which can be killed without taking it from others. It leaves the packet filter
/// alone: two engines would undo each other's rules.
enum PrivateEngine {
    private static let directory = "/tmp/pawl-dockerd-crash"

    /// How it is reached.
    static let engine = TestEngine(socket: directory + "/docker.sock", networks: "10.209.0.0/16")

    /// Starts it, and returns when it answers.
    ///
    /// Docker 20.10 cannot start any more when it was killed while it wrote down a network: it panics in `reservePools`. Its
    /// record of networks is taken from it then, as a person would have to.
    static func start() async throws {
        do {
            try await script("dockerd", "start")
        } catch is ScriptFailure where hasBrokenNetworks {
            try FileManager.default.removeItem(atPath: directory + "/data/network/files")
            try await script("dockerd", "start")
        }
    }

    private static var hasBrokenNetworks: Bool {
        let log = FileManager.default.contents(atPath: directory + "/log") ?? Data()
        return String(decoding: log.suffix(8_000), as: UTF8.self).contains("reservePools")
    }

    private struct ScriptFailure: Error, CustomStringConvertible {
        var words: String
        var description: String { words }
    }

    /// Ends its daemon as a crash would; its containers go on.
    static func kill() async throws { try await script("dockerd", "kill") }

    /// The process of its daemon.
    static func daemon() throws -> pid_t {
        let file = try String(contentsOfFile: directory + "/dockerd.pid", encoding: .utf8)
        return try #require(pid_t(file.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// Stops its daemon for a while, as a machine does that swaps; its containers go on.
    static func freeze(for time: Duration) async throws {
        let daemon = try daemon()
        #expect(Foundation.kill(daemon, SIGSTOP) == 0)
        defer { Foundation.kill(daemon, SIGCONT) }
        try await Task.sleep(for: time)
    }

    /// Fills the disk that its images and containers are on, for a while.
    static func fillDisk(for time: Duration) async throws {
        let filler = directory + "/data/filler"
        try SmallDisk.fill(with: filler)
        defer { try? FileManager.default.removeItem(atPath: filler) }
        try await Task.sleep(for: time)
    }

    /// The size of the disk that its images and containers are on, in MiB.
    private static let disk = 512

    fileprivate static func lend(to body: () async throws -> Void) async throws {
        // What a run left that was broken off.
        try? await end()
        try SmallDisk.mount(at: directory + "/data", megabytes: disk)
        try await start()
        do {
            try await script("images")
            try await body()
        } catch {
            try? await end()
            throw error
        }
        try await end()
    }

    private static func end() async throws {
        try await script("dockerd", "stop")
        SmallDisk.unmount(directory + "/data")
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func script(_ name: String, _ arguments: String...) async throws {
        let scripts = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../scripts/").standardized.path
        let result = try await Subprocess.run(
            .path("/bin/bash"), arguments: Arguments([scripts + "/" + name] + arguments),
            environment: .inherit.updating([
                "PAWL_DOCKER_DIR": directory, "PAWL_DOCKER_BRIDGE": "pawlc0",
                "PAWL_DOCKER_BRIDGE_ADDRESS": "10.210.0.1/24", "PAWL_DOCKER_PRIVATE": "1",
                "PAWL_DOCKER_IPTABLES": "false", "PAWL_DOCKER_SOCKET": directory + "/docker.sock",
            ]), output: .discarded, error: .string(limit: 10_000))
        guard result.terminationStatus.isSuccess else {
            throw ScriptFailure(words: "\(name): \(result.standardError)")
        }
    }
}

/// Starts the private engine for a suite and stops it afterwards.
struct PrivateEngineTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await PrivateEngine.lend { try await function() }
    }
}

/// Takes down the packet-filter rules that the servers of a suite put up for their networks.
struct FenceTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let ranges = [TestEngine.shared, PrivateEngine.engine].compactMap { IPv4Range($0.networks) }
        do {
            try await function()
        } catch {
            for range in ranges { try? await NetworkFence(networks: range).takeDown() }
            throw error
        }
        for range in ranges { try? await NetworkFence(networks: range).takeDown() }
    }
}

extension Trait where Self == PrivateEngineTrait {
    /// Gives the suite `PrivateEngine`.
    static var privateEngine: Self { Self() }
}

extension Trait where Self == FenceTrait {
    /// Leaves no rules of job networks behind.
    static var leavesNoFence: Self { Self() }
}
