import Foundation
import PipelineModel
import Server
import TestSupport
import Testing

extension CrashTests {
    @Suite("a job outlives the process that started it", .timeLimit(.minutes(2)))
    struct GoingOn {
        /// Writes numbered lines, and between them a progress bar that is written over.
        private static let pipelineFile = """
            train:
              image: pawl-test:tiny
              script:
                - |
                  i=0
                  while [ $i -lt 60 ]; do
                    i=$((i + 1))
                    echo "epoch $i of 60"
                    printf '\\r 10 %%' ; printf '\\r 90 %%\\n'
                    sleep 0.1
                  done
                - echo trained > model
              artifacts: {paths: [model]}
            """

        @Test(
            "a server that is killed while a job runs goes on with it: the same attempt, the same container, every line"
        )
        func killed() async throws {
            try await outlive { server in await server.kill() }
        }

        @Test("a server that is restarted in place goes on with it, under the same process id")
        func restarted() async throws {
            try await outlive(isBack: true) { server in try await server.restartInPlace() }
        }

        @Test("so does one that is killed twice")
        func killedTwice() async throws {
            try await outlive { server in
                await server.kill()
                try await server.start()
                await server.kill()
            }
        }

        @Test("a container that ended while nobody looked counts, and its log is whole")
        func endedMeanwhile() async throws {
            try await outlive { server in
                await server.kill()
                try await Task.sleep(for: .seconds(8))
            }
        }

        @Test("the time that a job may take goes on while the server is down")
        func timedOut() async throws {
            try await CrashBench.lend(engine: .shared) { bench in
                try await bench.server.start()
                try await bench.installHook()
                let commit = try bench.git.push([
                    ".pawl.yml": "stay: {image: 'pawl-test:tiny', script: [echo here, sleep 600], timeout: 5 seconds}"
                ])
                _ = try await bench.forge.record { $0.newest(for: commit)["pawl/push/stay"] != nil }
                let watcher = try bench.server.begin(["logs", "1/stay", "--follow"])
                try await watcher.line(with: "here")
                await bench.server.kill()
                try await bench.server.start()
                _ = try await bench.forge.record {
                    $0.newest(for: commit)["pawl/push"].map { $0.state != "pending" } ?? false
                }
                let detail: PipelineDetailView = try await bench.server.read("show", "1")
                #expect(detail.jobs.first?.attempts.count == 1)
                #expect(detail.jobs.first?.failure?.class == .timeout)
                try await bench.server.stop()
                try await Aftermath(bench: bench, commit: commit).expectNothingLeft()
            }
        }

        private func outlive(isBack: Bool = false, _ crash: (ServedPawl) async throws -> Void) async throws {
            try await CrashBench.lend(engine: .shared) { bench in
                try await bench.server.start()
                let events = try await bench.engine.watch(bench.server.instance)
                try await bench.installHook()
                let commit = try bench.git.push([".pawl.yml": Self.pipelineFile])
                _ = try await bench.forge.record { $0.newest(for: commit)["pawl/push/train"] != nil }
                let watcher = try bench.server.begin(["logs", "1/train", "--follow"])
                try await watcher.line(with: "epoch 8 of 60")
                try await crash(bench.server)
                if !isBack { try await bench.server.start() }
                try await bench.untilPassed(commit)
                let detail: PipelineDetailView = try await bench.server.read("show", "1")
                let attempts = detail.jobs.flatMap(\.attempts)
                #expect(attempts.map(\.state) == [.passed])
                let log = try await bench.server.run("logs", "1/train")
                let epochs = log.split(separator: "\n").filter { $0.hasPrefix("epoch ") }.map(String.init)
                #expect(epochs == (1...60).map { "epoch \($0) of 60" })
                #expect(log.contains("started anew while the job ran"))
                let tenures = try await TestEngine.tenures(in: events, untilGone: Set(attempts.map { "\($0.id)" }))
                #expect(tenures.count == 1)
                try await bench.server.stop()
                try await Aftermath(bench: bench, commit: commit).expectNothingLeft()
            }
        }
    }
}
