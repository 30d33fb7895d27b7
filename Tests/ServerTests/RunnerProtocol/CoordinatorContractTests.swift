import PipelineModel
import Store
import Testing

@testable import Server

/// What both coordinators promise, the server's own and the one over HTTP.
@Suite("A coordinator", .timeLimit(.minutes(2)))
struct CoordinatorContractTests {
    @Test("hands a job out, takes its log and its result", arguments: CoordinatorKind.allCases)
    func life(_ kind: CoordinatorKind) async throws {
        try await CoordinatorBench.serve(kind) { bench in
            let id = try await bench.pipeline([.plain()])
            let coordinator = bench.coordinator
            let claim = try #require(try await coordinator.claim(CoordinatorBench.request))
            #expect(claim.jobName == "test" && claim.pipeline == id && claim.leaseFor == .seconds(20))
            let assignment = try await coordinator.acknowledge(claim.key)
            #expect(assignment.key == claim.key && assignment.leaseFor == .seconds(60))
            #expect(assignment.job.script == ["true"] && assignment.commit == "7fd1a60")
            #expect(try await coordinator.heartbeat(claim.key) == .renewed(leaseFor: .seconds(60)))
            #expect(try await coordinator.append(Array("hello ".utf8), at: 0, to: claim.key) == 6)
            #expect(try await coordinator.append(Array("hello world".utf8), at: 0, to: claim.key) == 11)
            let result = AttemptResult(exitCode: 0, summary: "1 passed", finishedAt: bench.server.now)
            try await coordinator.complete(claim.key, with: result)
            try await coordinator.complete(claim.key, with: result)
            let job = try await bench.job("test", of: id)
            #expect(job.state == .passed && job.attempts.map(\.state) == [.passed])
            let log = try await bench.server.store.readLog(of: claim.key.attempt)
            #expect(String(decoding: log.bytes, as: UTF8.self) == "hello world" && log.isLast)
        }
    }
}
