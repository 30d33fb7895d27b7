import Foundation
import PipelineModel
import Testing

@testable import Store

/// What handing out costs with many jobs waiting. Run with `PAWL_BENCHMARK=1`.
@Suite(
    "claims beside a long queue", .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["PAWL_BENCHMARK"] != nil, "a benchmark: PAWL_BENCHMARK=1"))
struct ClaimBenchmarks {
    @Test("claim, acknowledge and complete, with 1,000, 10,000 and 100,000 jobs waiting in 1 and in 200 lanes")
    func rate() async throws {
        for lanes in [1, 200] {
            for waiting in [1_000, 10_000, 100_000] {
                let test = try await TestStore()
                try await fill(test, waiting: waiting, lanes: lanes)
                let runner = try await test.store.testRunner(tags: (0..<lanes).map { "t\($0)" }, now: at(1))
                let count = 300
                let clock = ContinuousClock()
                var claiming = Duration.zero
                let whole = try await clock.measure {
                    for _ in 0..<count {
                        let before = clock.now
                        let claim = try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(2))
                        claiming += before.duration(to: clock.now)
                        let key = try #require(claim).key
                        _ = try await test.store.acknowledge(key, leaseFor: .seconds(60), now: at(2))
                        try await test.store.complete(key, with: TestStore.result(at: at(3)), now: at(3))
                    }
                }
                let seconds = Double(whole.components.attoseconds) / 1e18 + Double(whole.components.seconds)
                print(
                    "benchmark claims: \(waiting) waiting in \(lanes) lanes: \(Int(Double(count) / seconds)) jobs/s, "
                        + "a claim \((claiming / count).text)")
            }
        }
    }

    /// Copies a pipeline of five jobs until so many wait, over so many lanes.
    private func fill(_ test: TestStore, waiting: Int, lanes: Int) async throws {
        for lane in 0..<lanes {
            let jobs = plan((0..<5).map { ("job\($0)", []) }) { $0.tags = ["t\(lane)"] }
            try await test.pipeline(jobs, ref: "refs/heads/b\(lane)")
        }
        let copies = waiting / 5 / lanes
        try await test.store.database.write { connection in
            let pipelines = try columns(of: "pipeline", on: connection)
            let jobs = try columns(of: "job", on: connection).filter { $0 != "pipeline" }
            for first in 1...lanes {
                try connection.execute(
                    """
                    INSERT INTO pipeline (\(pipelines.joined(separator: ", ")))
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
                    SELECT \(pipelines.map { "pipeline.\($0)" }.joined(separator: ", "))
                    FROM pipeline, n WHERE pipeline.id = $1
                    """, first, max(1, copies - 1))
            }
            try connection.execute(
                """
                INSERT INTO job (pipeline, \(jobs.joined(separator: ", ")))
                SELECT pipeline.id, \(jobs.map { "job.\($0)" }.joined(separator: ", "))
                FROM pipeline JOIN pipeline AS first ON first.id <= $1 AND first.ref = pipeline.ref
                    JOIN job ON job.pipeline = first.id
                WHERE pipeline.id > $1
                """, lanes)
        }
    }

    private func columns(of table: String, on connection: any DatabaseConnection) throws -> [String] {
        try connection.rows("SELECT name FROM pragma_table_info($1)", table).map { try $0.text("name") }
            .filter { $0 != "id" }
    }
}
