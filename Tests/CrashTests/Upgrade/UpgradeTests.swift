import Foundation
import PipelineModel
import Server
import TestSupport
import Testing

extension CrashTests {
    @Suite("an upgrade", .needsRoot, .timeLimit(.minutes(3)))
    struct Upgrade {
        private static let pipelineFile = """
            train:
              image: pawl-test:tiny
              script:
                - for i in 1 2 3 4 5 6; do echo "epoch $i"; sleep 1; done
            """
        private static let rate = 50
        private static let seconds = 12

        @Test(
            """
            server and three runners in network namespaces become the next build under 50 deliveries a second: none is
            refused, no job is lost
            """)
        func underLoad() async throws {
            let folder = NSTemporaryDirectory() + "pawl-upgrade-" + UUID().uuidString
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let program = try InstalledProgram(in: folder)
            var role = ServedPawl.Role(slots: 0, networks: "10.234.0.0/16", lease: 60)
            role.program = program.path
            role.listens = "0.0.0.0"
            try await NamespacedMachine.lend(3) { machines in
                try await CrashBench.lend(engine: .shared, as: role) { bench in
                    let pushes = try Self.push(8, to: bench.git)
                    try await bench.server.start()
                    try await bench.installHook()
                    try await Self.lendRunners(of: bench, on: machines, program) { runners in
                        try await Self.upgrade(
                            program, bench.server, runners, under: DeliveryLoad(of: bench.git), pushes)
                        try await Self.untilEnded(pushes.map(\.commit), bench.forge)
                    }
                    try await Self.look(at: bench, Set(pushes.map(\.commit)))
                }
            }
        }

        /// Twice the next build, the server first, then its runners in turn.
        private static func upgrade(
            _ program: InstalledProgram, _ server: ServedPawl, _ runners: [PoolRunner], under load: DeliveryLoad,
            _ pushes: [(branch: String, commit: String)]
        ) async throws {
            async let outcome = load.send(rate * seconds, perSecond: rate, pushes: pushes)
            for _ in 0..<2 {
                try await Task.sleep(for: .seconds(2))
                try program.upgrade()
                try await server.restartInPlace()
                try await Task.sleep(for: .seconds(1))
                for runner in runners { try await runner.restartInPlace() }
            }
            let answers = await outcome
            #expect(answers.refused == [])
            #expect(answers.accepted == rate * seconds)
            print("upgrade under load: the slowest of \(answers.accepted) answers took \(answers.slowest)")
            #expect(server.runningProgram == program.path)
            #expect(runners.allSatisfy { $0.runningProgram == program.path })
        }

        private static func untilEnded(_ commits: [String], _ forge: StubForge) async throws {
            _ = try await forge.record { record in
                let ended = record.statuses.filter { $0.context == "pawl/push" && $0.state != "pending" }
                return Set(ended.map(\.commit)).isSuperset(of: commits)
            }
        }

        @Test("a program that does not run, or settings with a slip, end nothing: the server goes on as before")
        func refused() async throws {
            let folder = NSTemporaryDirectory() + "pawl-upgrade-" + UUID().uuidString
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let program = try InstalledProgram(in: folder)
            var role = ServedPawl.Role()
            role.program = program.path
            try await CrashBench.lend(engine: .shared, as: role) { bench in
                let server = bench.server
                try await server.start()
                let settings = try String(contentsOfFile: server.settingsFile, encoding: .utf8)
                try (settings + "\nrunnner: {slots: 3}\n").write(
                    toFile: server.settingsFile, atomically: true, encoding: .utf8)
                try await server.refuseToRestart()
                #expect(server.log.contains("runnner"))
                try settings.write(toFile: server.settingsFile, atomically: true, encoding: .utf8)
                try program.spoil()
                try await server.refuseToRestart()
                try await server.run("list")
                try program.upgrade()
                try await server.restartInPlace()
                try await server.run("list")
                #expect(server.runningProgram == program.path)
                try await server.stop()
            }
        }

        /// Commits on branches of their own, before there is a hook that tells of them.
        private static func push(_ count: Int, to git: GitFixture) throws -> [(branch: String, commit: String)] {
            try (0..<count).map { number in
                let branch = "change-\(number)"
                let files = [".pawl.yml": pipelineFile, "note": "\(number)"]
                return (branch, try git.push(files, message: branch, branch: branch))
            }
        }

        private static func lendRunners(
            of bench: CrashBench, on machines: [NamespacedMachine], _ program: InstalledProgram,
            to body: ([PoolRunner]) async throws -> Void
        ) async throws {
            let token = try await bench.server.joinToken()
            var runners: [PoolRunner] = []
            for (index, machine) in machines.enumerated() {
                runners.append(
                    try await PoolRunner(
                        "upgraded\(index + 1)", of: bench.server, token: token, networks: "10.\(235 + index).0.0/16",
                        program: program.path, machine: machine))
            }
            do {
                for runner in runners { try await runner.start() }
                try await body(runners)
            } catch {
                for runner in runners { await runner.kill() }
                throw error
            }
            for runner in runners {
                #expect(await runner.stop() == .exited(0))
                #expect(try await runner.engine.belongings(of: runner.instance) == [])
            }
        }

        /// Each commit has one pipeline, whose one job passed once. What the runner had not begun when it became the next
        /// build is begun anew.
        private static func look(at bench: CrashBench, _ commits: Set<String>) async throws {
            let list: PipelineListView = try await bench.server.read("list", "--limit", "500")
            #expect(Set(list.pipelines.map(\.commit)) == commits)
            #expect(list.pipelines.count == commits.count)
            for pipeline in list.pipelines {
                let detail: PipelineDetailView = try await bench.server.read("show", "\(pipeline.id.rawValue)")
                #expect(detail.jobs.map(\.state) == [.passed])
                let attempts = detail.jobs.flatMap(\.attempts).map(\.state)
                #expect(
                    attempts.last == .passed && attempts.dropLast().allSatisfy { [.lost, .givenBack].contains($0) })
            }
            let deliveries: DeliveryListView = try await bench.server.read("deliveries", "--limit", "500")
            #expect(deliveries.deliveries.allSatisfy { [.planned, .ignored].contains($0.state) })
        }
    }
}
