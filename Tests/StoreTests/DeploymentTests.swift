import PipelineModel
import Testing

@testable import Store

/// Deployments to one environment follow one another.
@Suite struct DeploymentTests {
    private static let deployment = plan([("deploy", [])]) { $0.environment = .init(name: "production") }

    private func claim(_ test: TestStore, now: Timestamp = at(1)) async throws -> Claim? {
        try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(60), now: now)
    }

    /// How a deployment leaves its runner.
    enum End: CaseIterable {
        case passed, failed, cancelled, givenBack, lost
    }

    private func end(_ key: LeaseKey, as end: End, in test: TestStore) async throws {
        switch end {
        case .passed: try await test.store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        case .failed: try await test.store.complete(key, with: TestStore.result(scriptFailure, at: at(2)), now: at(2))
        case .cancelled:
            try await test.store.cancelJob(key.job, because: "stop", by: "mira", now: at(2))
            try await test.store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        case .givenBack: try await test.store.giveBack(key, because: "x", rest: .backOff, now: at(2))
        case .lost: #expect(try await test.store.rescue(now: at(62)) == [key])
        }
    }

    @Test(
        "a deployment waits for the one that runs, however that ends, and is then handed out", arguments: End.allCases)
    func turn(_ end: End) async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.deployment, ref: "refs/heads/a")
        let first = try await test.start("deploy")
        let second = try await test.pipeline(Self.deployment, ref: "refs/heads/b")
        #expect(try await claim(test) == nil)
        let waiting = try await test.job("deploy", of: second)
        #expect(waiting.state == .ready && waiting.waitsFor == first.job && waiting.attempts.isEmpty)

        let seen = test.store.readyJobs.count
        try await self.end(first, as: end, in: test)
        #expect(test.store.readyJobs.count > seen, "whoever waits for work hears of it")
        #expect(try await test.job("deploy", of: second).waitsFor == nil)
        let claim = try #require(try await claim(test, now: at(62)))
        #expect(claim.pipeline == second)
        // The first, where it is tried again, now waits for the second in its turn.
        #expect(try await self.claim(test, now: at(120)) == nil)
    }

    @Test("other environments, other repositories and jobs that deploy nothing wait for no deployment")
    func others() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.deployment)
        _ = try await test.start("deploy")
        try await test.pipeline(plan([("stage", [])]) { $0.environment = .init(name: "staging") }, ref: "refs/heads/a")
        try await test.pipeline(
            plan([("verify", [])]) { $0.environment = .init(name: "production", action: .verify) }, ref: "refs/heads/b")
        var elsewhere = TestStore.churn
        elsewhere.remoteID = 8
        let repository = try await test.store.addRepository(elsewhere, now: at(0))
        let new = NewPipeline(
            repository: repository.id, source: .push, ref: "refs/heads/main", commit: "c",
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(Self.deployment))
        _ = try await test.store.createPipeline(new, finishing: nil, now: at(0))
        var names: [String] = []
        while let claim = try await claim(test) { names.append(claim.jobName) }
        #expect(names.sorted() == ["deploy", "stage", "verify"])
    }

    @Test("a fork's job is no deployment: it changes no environment, and waits for none")
    func fork() async throws {
        let test = try await TestStore()
        let fork = try await test.pipeline(Self.deployment, source: .pullRequest, isHeld: true)
        try await test.store.approve(fork, commit: "7fd1a60", by: "mira", now: at(0))
        let key = try await test.start("deploy")
        try await test.pipeline(Self.deployment, ref: "refs/heads/a")
        try await test.run("deploy")
        try await test.store.complete(key, with: TestStore.result(at: at(2)), now: at(2))
        let owners = try await test.store.database.read { connection in
            try connection.rows("SELECT pipeline FROM environment").map { try $0.id("pipeline", PipelineID.self) }
        }
        #expect(owners == [2])
    }

    @Test("a deployment that may have begun is not superseded between its attempts, nor runs again unasked")
    func begun() async throws {
        let test = try await TestStore()
        let jobs = plan([("train", []), ("deploy", ["train"])]) {
            if $0.name == "deploy" { $0.environment = .init(name: "production") } else { $0.interruptible = true }
        }
        let old = try await test.pipeline(jobs)
        try await test.run("train")
        _ = try await test.start("deploy")
        _ = try await test.store.rescue(now: at(62))
        #expect(try await test.states(old)["deploy"] == .ready)
        try await test.pipeline(plan([("test", [])]), now: at(63))
        #expect(try await test.states(old)["deploy"] == .ready)

        try await test.store.cancelPipeline(old, because: "stop", by: "mira", now: at(64))
        try await test.store.retry(try await test.job("train", of: old).id, by: "mira", now: at(65))
        #expect(try await test.states(old) == ["train": .ready, "deploy": .manual])
    }
}
