import Foundation
import PipelineModel
import Server
import Subprocess
import Testing

extension CrashTests {
    /// With `PAWL_BENCHMARK=1` an artifact of 2 GiB and a log of 1 GiB, else of some MiB. Use a release build for those,
    /// named by `PAWL_BINARY`: much of a debug build's memory is its own code.
    @Suite("what is large", .needsDocker, .timeLimit(.minutes(30)))
    struct Transfer {
        private static let isBenchmark = ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil
        private static let artifact: Int64 = isBenchmark ? 2 << 30 : 64 << 20
        private static let log: Int64 = isBenchmark ? 1 << 30 : 8 << 20
        /// The most memory that the server and the runner may ever have had, in MiB.
        private static let memory = isBenchmark ? 100 : 200

        private static let first = 100_000_000
        private static let last = first + Int(log / 10) - 1
        private static let pipelineFile = """
            default: {image: 'pawl-test:tiny'}
            artifact:
              script:
                - dd if=/dev/urandom of=large bs=1M count=\(artifact >> 20)
                - sha256sum large | tee sum
              artifacts: {paths: [large, sum]}
            log: {script: [seq \(first) \(last)]}
            use:
              needs: [artifact]
              script: [sha256sum -c sum]
            """

        @Test("an artifact and a log pass through a remote runner in little memory, and go on where they were cut off")
        func pass() async throws {
            var role = ServedPawl.Role(slots: 0, networks: "10.236.0.0/16")
            role.environment = ["PAWL_LIMITS_LOG_SIZE": "2GiB", "PAWL_LIMITS_ARTIFACT_SIZE": "4GiB"]
            try await CrashBench.lend(engine: .shared, as: role) { bench in
                let server = try await bench.server.start()
                try await bench.installHook()
                // Twice up and once down.
                let (all, cuts) = (2 * Self.artifact + Self.log, [0.2, 0.4, 0.8])
                let relay = try Relay(to: bench.server.port, cutAfter: cuts.map { Int64(Double(all) * $0) })
                defer { relay.end() }
                let token = try await bench.server.joinToken()
                let runner = try await PoolRunner(
                    "carrier", of: bench.server, at: "http://127.0.0.1:\(relay.port)", token: token,
                    networks: "10.237.0.0/16", engine: bench.engine)
                let process = try await runner.start()
                let clock = ContinuousClock()
                let took = try await clock.measure {
                    try await bench.untilPassed(try bench.git.push([".pawl.yml": Self.pipelineFile]))
                }
                let detail: PipelineDetailView = try await bench.server.read("show", "1")
                #expect(detail.jobs.flatMap(\.attempts).map(\.state) == [.passed, .passed, .passed])
                #expect(relay.cutsLeft == 0)
                // Whoever began anew after a cut would send half as much again.
                #expect(Double(relay.passed) < 1.2 * Double(all), "\(relay.passed) bytes for \(all)")
                let whole = try await Self.digest("seq \(Self.first) \(Self.last)")
                let logs = "\(bench.server.command) logs 1/log | grep -E '^[0-9]{9}$'"
                #expect(try await Self.digest(logs) == whole)
                let peaks = (server: server.peakMemory, runner: process.peakMemory)
                #expect(peaks.server < Self.memory && peaks.runner < Self.memory, "\(peaks) MiB")
                print("transfer: \(all >> 20) MiB in \(took); peak memory \(peaks) MiB; \(relay.passed >> 20) MiB sent")
                #expect(await runner.stop() == .exited(0))
                try await bench.server.stop()
            }
        }

        /// The SHA-256 of what a shell's command writes.
        private static func digest(_ command: String) async throws -> String {
            let result = try await Subprocess.run(
                .name("sh"), arguments: ["-c", "LC_ALL=C; export LC_ALL; \(command) | sha256sum"],
                output: .string(limit: 1_000), error: .string(limit: 10_000))
            try #require(result.terminationStatus.isSuccess, "\(command): \(result.standardError)")
            return result.standardOutput
        }
    }
}
