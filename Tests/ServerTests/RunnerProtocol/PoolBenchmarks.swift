import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Runner
import Store
import Testing

@testable import Server

/// What a pool comes to over HTTP. Run with `PAWL_BENCHMARK=1`.
@Suite(
    "a pool at work", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil, "a benchmark: PAWL_BENCHMARK=1"))
struct PoolBenchmarks {
    @Test("10,000 jobs through 20 runners over HTTP, none lost, none twice, without an error")
    func manyJobs() async throws {
        let folder = NSTemporaryDirectory() + "pawl-pool-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestServer.serve { server in
            let (pipelines, jobs) = (2_000, 5)
            let repository = try await server.repository(on: "github").id
            for number in 0..<pipelines {
                let new = NewPipeline(
                    repository: repository, source: .push, ref: "refs/heads/b\(number)", commit: "7fd1a60",
                    trust: PipelineTrust(isProtected: true, isFork: false),
                    planning: .planned(
                        Plan(stages: ["test"], jobs: (0..<jobs).map { PlannedJob.plain("job\($0)") })))
                _ = try await server.store.createPipeline(new, finishing: nil, now: server.now)
            }
            let done = NIOLockedValueBox<[JobID: Int]>([:])
            let clock = ContinuousClock()
            let took = try await clock.measure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        let runner = try await RemoteRunner.join(server, as: "r\(number)", in: folder, slots: 4)
                        for _ in 0..<4 {
                            group.addTask {
                                try await Self.work(runner.coordinator, until: pipelines * jobs, done, server)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let counts = done.withLockedValue { $0 }
            #expect(counts.count == pipelines * jobs && counts.values.allSatisfy { $0 == 1 })
            let left = try await server.store.queueCounts()
            #expect(left.ready == 0 && left.running == 0)
            let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
            print(
                "benchmark pool: \(counts.count) jobs through 20 runners, \(Int(Double(counts.count) / seconds)) jobs/s"
            )
        }
    }

    /// Carries out jobs, by word alone, until all are done.
    private static func work(
        _ coordinator: HTTPCoordinator, until all: Int, _ done: NIOLockedValueBox<[JobID: Int]>, _ server: TestServer
    ) async throws {
        let request = ClaimRequest(version: "1")
        while done.withLockedValue({ $0.count }) < all {
            // Once nothing is left, a claim would wait for its long poll's end.
            let claim = try await withThrowingTaskGroup(of: Claim?.self) { group in
                group.addTask { try await coordinator.claim(request) }
                group.addTask {
                    while done.withLockedValue({ $0.count }) < all { try await Task.sleep(for: .milliseconds(50)) }
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let claim else { return }
            let key = claim.key
            _ = try await coordinator.acknowledge(key)
            _ = try await coordinator.heartbeat(key)
            _ = try await coordinator.append(Array("working\n".utf8), at: 0, to: key)
            try await coordinator.complete(key, with: AttemptResult(exitCode: 0, finishedAt: server.now))
            done.withLockedValue { $0[key.job, default: 0] += 1 }
        }
    }
}
