import Foundation
import PipelineModel
import Server
import Testing

extension CrashTests {
    /// Run with `PAWL_BENCHMARK=1`, a release build in `PAWL_BINARY`, and nothing beside it.
    @Suite(
        "a freed GPU", .timeLimit(.minutes(5)),
        .enabled(if: ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil, "a benchmark: PAWL_BENCHMARK=1"))
    struct FreedGPUBenchmarks {
        private static let jobs = 40
        private static let pipelineFile = """
            train:
              image: pawl-test:tiny
              parallel: \(jobs)
              script: [sleep 0.2]
              ml: {gpus: 1}
            """

        @Test("from the end of one job to the request for the next one's container; 300 ms are the limit")
        func gap() async throws {
            let role = ServedPawl.Role(slots: 0, networks: "10.236.0.0/16")
            try await CrashBench.lend(engine: .shared, as: role) { bench in
                try await bench.server.start()
                try await bench.installHook()
                let gpus = bench.server.folder + "/gpus.json"
                try #"[{"uuid": "GPU-only", "model": "Test GPU", "memory": "24GiB"}]"#
                    .write(toFile: gpus, atomically: true, encoding: .utf8)
                let runner = try await PoolRunner(
                    "single", of: bench.server, token: try await bench.server.joinToken(), networks: "10.237.0.0/16",
                    engine: bench.engine, options: ["--declared-gpus", gpus])
                try await runner.start()
                let events = try await bench.engine.watch(runner.instance)
                let commit = try bench.git.push([".pawl.yml": Self.pipelineFile])
                try await bench.untilPassed(commit)
                let detail: PipelineDetailView = try await bench.server.read("show", "1")
                let attempts = detail.jobs.flatMap(\.attempts)
                #expect(attempts.count == Self.jobs)
                let tenures = try await TestEngine.tenures(in: events, untilGone: Set(attempts.map { "\($0.id)" }))
                let begun = tenures.map { $0.from / 1_000_000 }.sorted()
                let ended = attempts.compactMap(\.finishedAt?.milliseconds).sorted()
                // The first container of all had no GPU to wait for.
                let gaps = zip(begun.dropFirst(), ended).map { $0 - $1 }.sorted()
                print(
                    "benchmark freed GPU: \(gaps.count) times, median \(gaps[gaps.count / 2]) ms, "
                        + "95th percentile \(gaps[gaps.count * 95 / 100]) ms, most \(gaps.last ?? 0) ms")
                #expect((gaps.last ?? .max) <= 300, "\(gaps)")
                #expect(await runner.stop() == .exited(0))
                try await bench.server.stop()
            }
        }
    }
}
