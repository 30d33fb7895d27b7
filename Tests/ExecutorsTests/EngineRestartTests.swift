import Executors
import Foundation
import PipelineModel
import Subprocess
import Testing

/// An engine of the test's own, which can be killed without taking it from other suites.
private struct OwnEngine {
    static let directory = "/tmp/pawl-dockerd-restart"
    static let executor = DockerExecutor(
        engine: DockerEngine(socket: directory + "/docker.sock", sender: Docker.client),
        settings: .init(instance: "restart", enginePatience: .seconds(60)))

    /// Runs a script of the repository with the settings of this engine.
    static func script(_ name: String, _ arguments: String...) async throws {
        let scripts = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../scripts/").standardized.path
        let result = try await Subprocess.run(
            .path("/bin/bash"), arguments: Arguments([scripts + "/" + name] + arguments),
            environment: .inherit.updating([
                "PAWL_DOCKER_DIR": directory, "PAWL_DOCKER_BRIDGE": "pawlr0",
                "PAWL_DOCKER_BRIDGE_ADDRESS": "10.211.0.1/24", "PAWL_DOCKER_PRIVATE": "1",
                "PAWL_DOCKER_IPTABLES": "false",
                "PAWL_DOCKER_SOCKET": directory + "/docker.sock",
            ]), output: .discarded, error: .string(limit: 10_000))
        try #require(result.terminationStatus.isSuccess, "\(name): \(result.standardError)")
    }

    /// Starts the engine with the tests' image in it, and stops it whatever happens.
    static func with(_ body: () async throws -> Void) async throws {
        try await script("dockerd", "start")
        do {
            try await script("images")
            try await body()
        } catch {
            try? await script("dockerd", "stop")
            throw error
        }
        try await script("dockerd", "stop")
    }
}

@Suite("an engine that is killed", .needsDocker, .needsRoot, .serialized, .timeLimit(.minutes(3)))
struct EngineRestartTests {
    @Test("a run goes on where it was: every line once, and the true exit code")
    func whileRunning() async throws {
        try await OwnEngine.with {
            let (exit, text) = try await run(endsWhileEngineIsDown: false)
            #expect(exit.code == 7)
            #expect(!exit.mayLackOutput)
            Self.expectLines(2_000, in: text)
        }
    }

    @Test("a job that ends while the engine is down keeps its exit code, and says that lines may be missing")
    func endingMeanwhile() async throws {
        try await OwnEngine.with {
            let (exit, text) = try await run(endsWhileEngineIsDown: true)
            #expect(exit.code == 7)
            #expect(exit.mayLackOutput)
            // The engine itself loses what was written after it died; what came before is there once.
            Self.expectLines(1_000, in: text)
        }
    }

    private static func expectLines(_ count: Int, in text: String) {
        let lines = text.split(separator: "\n")
        let expected = (1...count).map { "line \($0) \u{e9}" }
        #expect(lines.count == expected.count)
        let firstWrong = zip(lines, expected).first { $0 != $1 }
        #expect(firstWrong == nil)
    }

    /// Runs a job that writes half of its lines, then waits for a file; the engine is killed in between.
    private func run(endsWhileEngineIsDown: Bool) async throws -> (ContainerExit, String) {
        let folder = NSTemporaryDirectory() + "pawl-restart-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var specification = ContainerSpecification.shell(
            """
            write() { i=$1; while [ $i -le $2 ]; do printf 'line %d \\303\\251\\n' $i; i=$((i+1)); done; }
            write 1 1000; echo half >&2; until [ -e /shared/call ]; do sleep 0.05; done
            echo back >&2; until [ -e /shared/go ]; do sleep 0.05; done; write 1001 2000; exit 7
            """, instance: "restart", attempt: Int64.random(in: 1...1_000_000), network: .own)
        specification.mounts = [.init(source: folder, target: "/shared", isReadOnly: false)]
        let executor = OwnEngine.executor
        let handle = try await executor.create(specification)
        let (output, half, back) = (Output(), ExecutorSignal(), ExecutorSignal())
        let running = Task {
            try await executor.run(handle) { piece in
                await output.append(piece)
                let told = await output.text(.standardError)
                if told.contains("half") { half.give() }
                if told.contains("back") { back.give() }
            }
        }
        try await half.wait()
        try await OwnEngine.script("dockerd", "kill")
        func say(_ word: String) throws { try Data().write(to: URL(fileURLWithPath: folder + "/" + word)) }
        if endsWhileEngineIsDown {
            try say("call")
            try say("go")
        }
        try await OwnEngine.script("dockerd", "start")
        if !endsWhileEngineIsDown {
            try say("call")
            try await back.wait()
            try say("go")
        }
        let exit = try await running.value
        #expect(await output.text(.standardError) == (endsWhileEngineIsDown ? "half\n" : "half\nback\n"))
        try await executor.destroy(handle)
        #expect(try await executor.leftovers().isEmpty)
        return (exit, await output.text())
    }
}
