import PipelineModel
import Testing

@testable import Store

@Suite struct RetryTests {
    private func retry(_ name: String, of id: PipelineID, in test: TestStore, now: Timestamp = at(50)) async throws {
        try await test.store.retry(try await test.job(name, of: id).id, by: "mira", now: now)
    }

    @Test("a retried job runs again, what was not run because of it runs after it, and the forge sees pending again")
    func skippedDependants() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"]), ("lint", [])]))
        try await test.run("test", failing: scriptFailure)
        try await test.run("lint")
        for message in try await test.store.dueMessages(now: at(9)) {
            try await test.store.markSent(message.id, now: at(9))
        }
        try await retry("test", of: id, in: test)
        #expect(try await test.states(id) == ["test": .ready, "train": .waiting, "lint": .passed])
        #expect(try await test.state(id) == .running)
        #expect(
            try await test.owed() == ["pawl/push pending", "pawl/push/test pending", "pawl/push/train pending"])
        try await test.run("test", now: at(51))
        try await test.run("train", now: at(52))
        #expect(try await test.state(id) == .passed)
        #expect(try await test.job("test", of: id).attempts.map(\.state) == [.failed, .passed])
    }

    @Test("what had ended after a retried job is stale and runs again, and a deployment waits for a person")
    func staleDependants() async throws {
        let test = try await TestStore()
        var jobs = plan([("train", []), ("evaluate", ["train"]), ("deploy", ["evaluate"]), ("smoke", ["deploy"])])
        jobs.jobs[2].environment = .init(name: "production")
        let id = try await test.pipeline(jobs)
        for name in ["train", "evaluate", "deploy", "smoke"] { try await test.run(name) }
        try await retry("train", of: id, in: test)
        #expect(
            try await test.states(id)
                == ["train": .ready, "evaluate": .waiting, "deploy": .manual, "smoke": .waiting])
        try await test.run("train", now: at(51))
        try await test.run("evaluate", now: at(52))
        #expect(try await test.states(id)["deploy"] == .manual)
        #expect(try await test.state(id) == .manual)
        try await test.store.play(try await test.job("deploy", of: id).id, by: "mira", now: at(60))
        try await test.run("deploy", now: at(61))
        try await test.run("smoke", now: at(62))
        #expect(try await test.state(id) == .passed)
    }

    @Test("a job that runs, or has one after it that runs, is not retried, and the refusal says which")
    func refusals() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"]), ("deploy", ["train"])]))
        let first = await expectError(.refused) { try await self.retry("test", of: id, in: test) }
        #expect(first.contains("1/test has not ended"))
        try await test.run("test")
        _ = try await test.start("train")
        let second = await expectError(.refused) { try await self.retry("test", of: id, in: test) }
        #expect(second.contains("1/train") && second.contains("pawl cancel 1/train"))
    }

    @Test("a job that was not run is refused, with the name of the one to retry")
    func notRun() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        try await test.run("test", failing: scriptFailure)
        let message = await expectError(.refused) { try await self.retry("train", of: id, in: test) }
        #expect(message.contains("pawl retry 1/test"))
        #expect(try await test.states(id) == ["test": .failed, "train": .notRun])
    }

    @Test("a stopped job whose forerunner was stopped too is refused, and nothing is changed")
    func cancelledChain() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        try await test.store.cancelPipeline(id, because: "stop", by: "mira", now: at(1))
        let message = await expectError(.refused) { try await self.retry("train", of: id, in: test) }
        #expect(message.contains("pawl retry 1/test"))
        #expect(try await test.states(id) == ["test": .cancelled, "train": .cancelled])
        #expect(try await test.store.retryFailed(id, by: "mira", now: at(2)) == ["test", "train"])
        #expect(try await test.states(id) == ["test": .ready, "train": .waiting])
        #expect(try await test.store.pipeline(id)?.pipeline.reason == nil)
    }

    @Test("a stopped deployment that waited for a person waits for one again after a retry of all")
    func manualAfterRetry() async throws {
        let test = try await TestStore()
        var jobs = plan([("test", []), ("deploy", ["test"])])
        jobs.jobs[1].when = .manual
        let id = try await test.pipeline(jobs)
        try await test.run("test")
        try await test.store.cancelPipeline(id, because: "stop", by: "mira", now: at(2))
        _ = try await test.store.retryFailed(id, by: "mira", now: at(3))
        #expect(try await test.states(id) == ["test": .passed, "deploy": .manual])
    }

    @Test("a person's retry comes before what waits, and gets its own attempts by itself")
    func priority() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("other", [])]) { $0.retry = .init(limit: 1) })
        try await test.run("test", failing: scriptFailure)
        try await test.run("other")
        try await test.run("test", failing: scriptFailure, now: at(2))
        try await test.pipeline(plan([("waiting", [])]), ref: "refs/heads/x", now: at(3))
        try await retry("test", of: id, in: test, now: at(4))
        #expect(try await test.store.queuePosition(of: try await test.job("test", of: id).id) == 0)
        try await test.run("test", failing: scriptFailure, now: at(5))
        try await test.run("test", failing: scriptFailure, now: at(6))
        #expect(try await test.job("test", of: id).state == .failed)
        #expect(try await test.job("test", of: id).attempts.count == 4)
    }

    @Test("a retry of all failed jobs is for those that were allowed to fail as well")
    func allowedFailures() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("lint", [])]) { $0.allowFailure = .always })
        try await test.run("lint", failing: scriptFailure)
        #expect(try await test.state(id) == .passed)
        #expect(try await test.store.retryFailed(id, by: "mira", now: at(2)) == ["lint"])
        #expect(try await test.states(id) == ["lint": .ready])
    }

    @Test("nothing to retry is said, not done")
    func nothing() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        try await test.run("test")
        await expectError(.refused) { _ = try await test.store.retryFailed(id, by: "mira", now: at(2)) }
    }
}
