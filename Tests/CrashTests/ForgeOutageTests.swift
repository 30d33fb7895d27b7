import Forges
import PipelineModel
import Server
import TestSupport
import Testing

extension CrashTests {
    @Suite("a forge that fails", .timeLimit(.minutes(1)))
    struct ForgeOutage {
        @Test(
            "gets its statuses in order when it is back",
            arguments: [Outage.Kind.internalError, .forbidden, .unprocessable, .hang, .down])
        func statuses(_ kind: Outage.Kind) async throws {
            try await HostedBench.lend { bench in
                bench.forge.begin(Outage(kind, matching: "/statuses/"))
                let commit = try bench.push()
                _ = try await bench.forge.record { $0.refusals.contains { $0.path.contains("/statuses/") } }
                try await bench.server.run("show", "1", "--follow")
                #expect(bench.forge.record.statuses.isEmpty)
                bench.forge.endOutages()
                let statuses = try await bench.untilPassed(commit)
                #expect(Set(statuses.map(\.context)) == ["pawl/push", "pawl/push/test"])
                // What was pending only while the forge was away may be left out, but comes before any end if it comes.
                #expect(statuses.drop { $0.state == "pending" }.map(\.state) == ["success", "success"])
                #expect(bench.forge.record.violations.isEmpty)
                try await bench.server.stop()
            }
        }
    }

    @Suite("a push while the server is down", .timeLimit(.minutes(1)))
    struct MissedPush {
        @Test("to a plain-Git repository is found and run at the next start, once")
        func plainGit() async throws {
            try await CrashBench.lend(engine: .shared) { bench in
                try await bench.server.start()
                try await bench.installHook()
                try await bench.untilPassed(try bench.push())
                try await bench.server.stop()
                let missed = try bench.push()
                try await bench.server.start()
                try await bench.untilPassed(missed)
                let list: PipelineListView = try await bench.server.read("list")
                #expect(list.pipelines.map(\.commit).filter { $0 == missed }.count == 1)
                #expect(list.pipelines.count == 2)
                try await bench.server.stop()
            }
        }

        @Test(
            "to a GitHub or GitLab repository is found and run at the next start, once",
            arguments: [ForgeKind.github, .gitlab])
        func hosted(on kind: ForgeKind) async throws {
            try await HostedBench.lend(kind) { bench in
                try await bench.untilPassed(try bench.push())
                try await bench.server.stop()
                let missed = try bench.push("another change")
                _ = try await bench.forge.record { record in
                    record.deliveries.contains { $0.event.lowercased().hasPrefix("push") && $0.answer == 0 }
                }
                try await bench.server.start()
                expectLegal(try await bench.untilPassed(missed))
                let list: PipelineListView = try await bench.server.read("list")
                #expect(list.pipelines.map(\.commit).filter { $0 == missed }.count == 1)
                #expect(list.pipelines.count == 2)
                try await bench.server.stop()
            }
        }
    }
}
