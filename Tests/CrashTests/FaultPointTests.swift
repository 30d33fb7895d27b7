import Foundation
import PipelineModel
import Testing

extension CrashTests {
    @Suite("the server is killed", .timeLimit(.minutes(1)))
    struct ServerKilled {
        @Test(
            "at a fault point: after a restart nothing is lost, doubled or left over", arguments: FaultPoint.allCases)
        func atPoint(_ point: FaultPoint) async throws {
            try await killServer(at: point.rawValue, engine: .shared) {}
        }

        @Test(
            "near the end: after a restart nothing is lost, doubled or left over",
            arguments: ["result_recorded:3", "outbox_sent:8"])
        func nearTheEnd(_ fault: String) async throws {
            try await killServer(at: fault, engine: .shared) {}
        }
    }

    @Suite("the engine's daemon is killed", .needsRoot, .privateEngine, .timeLimit(.minutes(2)))
    struct EngineKilled {
        @Test("while a job runs: it ends once, and nothing is left over")
        func whileRunning() async throws {
            try await CrashBench.lend(engine: PrivateEngine.engine) { bench in
                try await bench.server.start()
                try await bench.installHook()
                let commit = try bench.push()
                _ = try await bench.forge.record { $0.newest(for: commit)["pawl/push/prepare"] != nil }
                let watcher = try bench.server.begin(["logs", "1/prepare", "--follow"])
                try await watcher.line(with: "prepared")
                try await PrivateEngine.kill()
                try await PrivateEngine.start()
                try await bench.untilPassed(commit)
                let aftermath = Aftermath(bench: bench, commit: commit)
                try await aftermath.expectOneOfEach(maySystemFail: true)
                try await bench.server.stop()
                aftermath.expectLegalStatuses()
                try await aftermath.expectNothingLeft()
            }
        }

        @Test(
            "while the server stands at a fault point: it goes on, and nothing is lost, doubled or left over",
            arguments: FaultPoint.allCases)
        func underLivingServer(_ point: FaultPoint) async throws {
            try await CrashBench.lend(engine: PrivateEngine.engine) { bench in
                let server = try await bench.server.start(fault: point.rawValue + ":1:stop")
                try await bench.installHook()
                async let commit = bench.push()
                await server.stopped()
                try await PrivateEngine.kill()
                try await PrivateEngine.start()
                server.signal(SIGCONT)
                try await bench.untilPassed(try await commit)
                let aftermath = Aftermath(bench: bench, commit: try await commit)
                try await aftermath.expectOneOfEach(maySystemFail: true)
                try await bench.server.stop()
                aftermath.expectLegalStatuses()
                try await aftermath.expectNothingLeft()
            }
        }

        @Test(
            "with the server at a fault point: after a restart nothing is lost, doubled or left over",
            arguments: FaultPoint.allCases)
        func atPoint(_ point: FaultPoint) async throws {
            try await killServer(at: point.rawValue, engine: PrivateEngine.engine) {
                try await PrivateEngine.kill()
                try await PrivateEngine.start()
            }
        }
    }
}

/// Pushes to a server that dies at a point, starts it again, and expects that all ends as if nothing had happened.
private func killServer(
    at fault: String, engine: TestEngine, andThen further: () async throws -> Void
) async throws {
    try await CrashBench.lend(engine: engine) { bench in
        let doomed = try await bench.server.start(fault: fault)
        let events = try await engine.watch(bench.server.instance)
        try await bench.installHook()
        let commit = try bench.push()
        #expect(await doomed.ended() == .killed(signal: SIGKILL))
        let counted = Aftermath.spooledAttempts(of: bench.server)
        try await further()
        try await bench.server.start()
        try await bench.untilPassed(commit)
        let aftermath = Aftermath(bench: bench, commit: commit)
        // What ran when the engine was killed may have ended without anybody knowing how.
        let passed = try await aftermath.expectOneOfEach(
            counted: counted, maySystemFail: engine.socket != TestEngine.shared.socket)
        try await bench.server.stop()
        aftermath.expectLegalStatuses()
        // An engine that was killed has forgotten what it told.
        if engine.socket == TestEngine.shared.socket {
            try await aftermath.expectOneContainerAtATime(in: events, passed: passed)
        }
        try await aftermath.expectNothingLeft()
    }
}
