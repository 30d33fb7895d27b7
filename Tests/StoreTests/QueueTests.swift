import PipelineModel
import Testing

@testable import Store

@Suite struct QueueTests {
    @Test("sixteen runners that claim at once get each job exactly once")
    func concurrentClaims() async throws {
        let test = try await TestStore()
        let names = (0..<60).map { "job \($0)" }
        try await test.pipeline(plan(names.map { ($0, []) }))
        let claims = try await withThrowingTaskGroup(of: [Claim].self) { group in
            for runner in 0..<16 {
                group.addTask {
                    var got: [Claim] = []
                    let id = try await test.store.testRunner("r\(runner)", now: at(1))
                    while let claim = try await test.store.claim(by: id, leaseFor: .seconds(60), now: at(1)) {
                        got.append(claim)
                    }
                    return got
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claims.map(\.jobName).sorted() == names.sorted())
        #expect(Set(claims.map(\.key.attempt)).count == 60)
    }

    @Test("a job goes to a runner that has all of its tags, and to no other")
    func tags() async throws {
        let test = try await TestStore()
        var jobs = plan([("gpu", []), ("plain", [])])
        jobs.jobs[0].tags = ["gpu", "a100"]
        try await test.pipeline(jobs)
        func claim(_ tags: [String]) async throws -> String? {
            try await test.store.claim(as: "r", tags: tags, leaseFor: .seconds(9), now: at(1))?
                .jobName
        }
        #expect(try await claim(["gpu"]) == "plain")
        #expect(try await claim(["gpu"]) == nil)
        #expect(try await claim(["A100", "gpu"]) == nil)
        #expect(try await claim(["x", "a100", "gpu"]) == "gpu")
    }

    @Test("a claim is level with many waiting jobs that others must take")
    func levelClaims() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(
            plan([("gpu", []), ("plain", [])]) { $0.tags = $0.name == "gpu" ? ["gpu"] : [] })
        try await test.store.database.write { connection in
            try connection.execute(
                """
                INSERT INTO job (pipeline, position, name, stage, is_deployment, lane, state, is_played, priority,
                    ready_at, lease_epoch, attempts, spent)
                WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                SELECT $1, i, 'g' || i, 'test', 0, lane, 'ready', 0, 2, 0, 0, 0, 0
                FROM n, (SELECT lane FROM job WHERE name = 'gpu')
                """, id)
        }
        let statement = ClaimDesk.firstOfLanes(in: .sqlite)
        let steps = try await test.store.database.read { connection in
            try connection.rows("EXPLAIN QUERY PLAN " + statement, at(1), at(99), "[]").map { try $0.text("detail") }
        }
        // The queue is searched by the tags that the runner covers, already in order, and never walked through.
        #expect(steps.contains { $0.hasPrefix("SEARCH job USING") && $0.contains("job_ready (lane=?") })
        #expect(!steps.contains { $0.hasPrefix("SCAN job") || $0.hasPrefix("SCAN next") }, "\(steps)")
        let claim = try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(1))
        #expect(claim?.jobName == "plain")
    }

    @Test("a hand-out that is never acknowledged goes back unspent, and its holder is refused")
    func unacknowledged() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let runner = try await test.store.testRunner(now: at(0))
        let claim = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(0)))
        #expect(try await test.store.nextLeaseEnd() == at(60))
        #expect(try await test.store.rescue(now: at(60)).isEmpty)
        #expect(try await test.store.rescue(now: at(60.001)) == [claim.key])
        await expectError(.leaseLost) { _ = try await test.store.acknowledge(claim.key, now: at(61)) }
        let job = try await test.job("test", of: id)
        #expect(job.state == .ready)
        #expect(job.attempts.map(\.state) == [.givenBack])
        let next = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(62)))
        #expect(next.key.epoch > claim.key.epoch)
    }

    @Test("a lost runner's job is tried again after a while, three times in all, and then fails as lost")
    func lost() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        var now = at(0)
        for wait in [5.0, 30] {
            let key = try await test.start(now: now)
            now = now + .seconds(61)
            #expect(try await test.store.rescue(now: now) == [key])
            #expect(try await test.store.renew(key, leaseFor: .seconds(60), now: now) == .lost)
            await expectError(.leaseLost) {
                try await test.store.complete(key, with: TestStore.result(at: now), now: now)
            }
            #expect(try await test.store.nextReadyAt() == now + .seconds(wait))
            let tooEarly = try await test.store.claim(
                as: "r", tags: [], leaseFor: .seconds(1), now: now + .seconds(wait - 1))
            #expect(tooEarly == nil)
            now = now + .seconds(wait)
        }
        _ = try await test.start(now: now)
        _ = try await test.store.rescue(now: now + .seconds(61))
        let job = try await test.job("test", of: id)
        #expect(job.state == .failed)
        #expect(job.failure?.class == .lost)
        #expect(job.attempts.map(\.state) == [.lost, .lost, .lost])
        #expect(try await test.state(id) == .system)
    }

    @Test("a heartbeat keeps a lease, and a result after the lease's end counts while nobody else has the job")
    func renewal() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let key = try await test.start(now: at(0))
        #expect(
            try await test.store.renew(key, leaseFor: .seconds(60), now: at(50)) == .renewed(leaseFor: .seconds(60)))
        #expect(try await test.store.rescue(now: at(61)).isEmpty)
        try await test.store.complete(key, with: TestStore.result(at: at(200)), now: at(200))
        #expect(try await test.state(id) == .passed)
    }

    @Test("a result may be repeated and changes nothing the second time")
    func idempotentResult() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("deploy", ["test"])]))
        let key = try await test.start("test")
        for _ in 0..<2 {
            try await test.store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        }
        #expect(try await test.states(id) == ["test": .passed, "deploy": .ready])
        #expect(try await test.store.outbox(of: id).count { $0.status.state == .success } == 1)
    }

    @Test("a runner with another epoch is refused everything")
    func otherEpoch() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        var key = try await test.start()
        key.epoch += 1
        let forged = key
        await expectError(.leaseLost) { _ = try await test.store.acknowledge(forged, now: at(2)) }
        await expectError(.leaseLost) { _ = try await test.store.appendLog([1], at: 0, to: forged) }
        await expectError(.leaseLost) { try await test.store.giveBack(forged, because: "x", now: at(2)) }
        await expectError(.leaseLost) {
            try await test.store.complete(forged, with: TestStore.result(at: at(2)), now: at(2))
        }
        #expect(try await test.store.renew(forged, leaseFor: .seconds(1), now: at(2)) == .lost)
    }

    @Test("a result of an attempt that was never acknowledged is refused")
    func resultBeforeStart() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        let claim = try #require(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(0)))
        await expectError(.refused) {
            try await test.store.complete(claim.key, with: TestStore.result(at: at(1)), now: at(1))
        }
    }

    @Test("a job that is given back keeps its place, and its attempts unspent")
    func giveBack() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("first", []), ("second", [])]))
        for _ in 0..<5 {
            let key = try await test.start("first")
            try await test.store.giveBack(key, because: "the runner stops", now: at(2))
            try await test.store.giveBack(key, because: "the runner stops", now: at(2))
        }
        #expect(try await test.states(id)["first"] == .ready)
        #expect(try await test.job("first", of: id).attempts.count == 5)
    }

    @Test("a job that is given back for a rest does not stand before the others, and rests longer each time")
    func rest() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("poison", [])]))
        var now = at(0)
        for wait in [6.0, 12, 24] {
            let key = try await test.start("poison", now: now)
            try await test.store.giveBack(key, because: "the forge is down", rest: .backOff, now: now)
            #expect(try await test.store.nextReadyAt() == now + .seconds(wait))
            now = now + .seconds(wait)
        }
        try await test.pipeline(plan([("other", [])]), ref: "refs/heads/x", now: now - .seconds(1))
        try await test.run("other", now: now - .seconds(1))
        try await test.run("poison", now: now)
        #expect(try await test.state(id) == .passed)
    }

    @Test(
        "another attempt is made as the plan asks, and no more",
        arguments: [
            (PlannedJob.Retry(limit: 0), 1), (PlannedJob.Retry(limit: 2), 3),
            (PlannedJob.Retry(limit: 2, classes: [.timeout]), 1), (PlannedJob.Retry(limit: 1, exitCodes: [1]), 2),
        ])
    func plannedRetries(retry: PlannedJob.Retry, attempts: Int) async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]) { $0.retry = retry })
        for _ in 0..<attempts { try await test.run(failing: scriptFailure) }
        let job = try await test.job("test", of: id)
        #expect(job.state == .failed)
        #expect(job.attempts.count == attempts)
    }

    @Test("what Pawl's runner had at a crash is taken back at once, and handed out again at once")
    func restart() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("a", []), ("b", [])]))
        _ = try await test.start("a")
        _ = try await test.store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: at(1))
        #expect(
            try await test.store.loseLeases(ofRunner: test.store.testRunner("r1", now: at(2)), now: at(2)).count == 2)
        #expect(try await test.states(id) == ["a": .ready, "b": .ready])
        #expect(try await test.job("a", of: id).attempts.map(\.state) == [.lost])
        #expect(try await test.job("b", of: id).attempts.map(\.state) == [.givenBack])
        for _ in 1...2 {
            let claim = try await test.store.claim(
                as: "r1", tags: [], leaseFor: .seconds(60), now: at(2))
            #expect(claim != nil)
        }
    }

    @Test("jobs are handed out though the clock was set back after they became ready")
    func clockSetBack() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]), now: at(3_600))
        _ = try await test.start("test", now: at(0))
    }

    @Test("a runner that is heard of while its lease is being taken keeps it")
    func heardOfMeanwhile() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let key = try await test.start(now: at(0))
        _ = try await test.store.renew(key, leaseFor: .seconds(60), now: at(61))
        #expect(await test.store.lose([key], because: .overdue(at: at(61)), now: at(61)).isEmpty)
        #expect(try await test.states(id) == ["test": .running])
    }
}
