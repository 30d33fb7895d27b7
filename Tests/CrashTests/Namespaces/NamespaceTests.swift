import Foundation
import PipelineModel
import Server
import TestSupport
import Testing

extension CrashTests {
    @Suite("three runners on machines of their own", .needsRoot, .timeLimit(.minutes(5)))
    struct Namespaces {
        /// Longer than a lease.
        private static let epochs = 14
        private static let pipelineFile = """
            train:
              image: pawl-test:tiny
              script:
                - i=0
                - while [ $i -lt \(epochs) ]; do i=$((i + 1)); echo "epoch $i"; sleep 1; done
            """

        @Test("a wire is cut for less and for more than the lease, and the server dies under load")
        func wires() async throws {
            try await NamespacedMachine.lend(ChaosBench.runners) { machines in
                try await ChaosBench.lend(machines: machines) { bench in
                    try await Self.cutShortly(machines, bench)
                    try await Self.cutLong(machines, bench)
                    var findings = ChaosFindings()
                    try await Self.killServer(bench, &findings)
                    let logs = bench.runners.map { $0.log.suffix(4_000) }.joined(separator: "\n")
                    #expect(findings.words.isEmpty, "\(findings.words.joined(separator: "\n"))\n\(logs)")
                }
            }
        }

        /// The job goes on in its container, and its log has every line.
        private static func cutShortly(_ machines: [NamespacedMachine], _ bench: ChaosBench) async throws {
            let (pipeline, place) = try await begin(bench, "short")
            try await machines[place].cut()
            // The lease may have been renewed a third of it ago, and the wire's own repetitions take time as well.
            try await Task.sleep(for: .seconds(ChaosBench.lease / 4))
            try await machines[place].mend()
            let attempts = try await attempts(of: pipeline, bench)
            #expect(attempts.map(\.state) == [.passed])
            #expect(try await lines(of: pipeline, bench) == (1...epochs).map { "epoch \($0)" })
        }

        /// The runner has ended the job's container before another begins with the job. It takes jobs again when the wire
        /// is mended.
        private static func cutLong(_ machines: [NamespacedMachine], _ bench: ChaosBench) async throws {
            let (pipeline, place) = try await begin(bench, "long")
            try await machines[place].cut()
            // One that a busy machine gave back has never begun.
            let attempts = try await attempts(of: pipeline, bench).filter { $0.state != .givenBack }
            #expect(attempts.map(\.state) == [.lost, .passed])
            #expect(attempts.map(\.runner).first == bench.runners[place].name)
            #expect(Set(attempts.map(\.runner)).count == 2)
            let tenures = bench.watch.byJob.values.flatMap { $0 }
            let ofPipeline = attempts.compactMap { attempt in tenures.first { $0.attempt == "\(attempt.id)" } }
            #expect(ofPipeline.count == 2)
            for (earlier, later) in zip(ofPipeline, ofPipeline.dropFirst()) { #expect(earlier.to < later.from) }
            try await machines[place].mend()
            try await bench.base.server.run("runner", "edit", bench.runners[place].name, "--tags", "mended")
            let commit = try await bench.pushAside(
                "job: {image: 'pawl-test:tiny', tags: [mended], script: [echo again]}", branch: "mended")
            try await bench.base.untilPassed(commit)
            try await bench.base.server.run("runner", "edit", bench.runners[place].name, "--tags", "")
        }

        private static func killServer(_ bench: ChaosBench, _ findings: inout ChaosFindings) async throws {
            async let before = bench.push(10)
            try await Task.sleep(for: .seconds(3))
            await bench.base.server.kill()
            try await bench.startServer()
            let pushes = try await before + bench.push(2)
            try await bench.makeUpForMissed(pushes)
            if await !bench.untilEnded(pushes, seconds: 150) { findings.note("a pipeline does not end") }
            try await findings.look(at: pushes, of: bench)
            try await bench.wrapUp(&findings)
        }

        /// Pushes a long job, and waits until it runs.
        /// - Returns: its pipeline, and which runner has it.
        private static func begin(
            _ bench: ChaosBench, _ branch: String
        ) async throws -> (pipeline: PipelineID, place: Int) {
            let commit = try await bench.pushAside(pipelineFile, branch: branch)
            _ = try await bench.base.forge.record { $0.newest(for: commit)["pawl/push/train"] != nil }
            let list: PipelineListView = try await bench.base.server.read("list")
            let pipeline = try #require(list.pipelines.first { $0.commit == commit }).id
            let watcher = try bench.base.server.begin(["logs", "\(pipeline)/train", "--follow"])
            try await watcher.line(with: "epoch 2")
            watcher.signal(SIGTERM)
            let detail: PipelineDetailView = try await bench.base.server.read("show", "\(pipeline)")
            let name = detail.jobs.first?.attempts.first?.runner
            return (pipeline, try #require(bench.runners.firstIndex { $0.name == name }))
        }

        /// Waits for the pipeline's end.
        private static func attempts(of pipeline: PipelineID, _ bench: ChaosBench) async throws -> [AttemptView] {
            let watcher = try bench.base.server.begin(["show", "\(pipeline)", "--follow"])
            #expect(await watcher.ended() == .exited(0), "\(watcher.output)")
            let detail: PipelineDetailView = try await bench.base.server.read("show", "\(pipeline)")
            return detail.jobs.flatMap(\.attempts)
        }

        private static func lines(of pipeline: PipelineID, _ bench: ChaosBench) async throws -> [String] {
            try await bench.base.server.run("logs", "\(pipeline)/train").split(separator: "\n")
                .filter { $0.hasPrefix("epoch ") }.map(String.init)
        }
    }
}
