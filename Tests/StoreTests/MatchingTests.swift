import PipelineModel
import Testing

@testable import Store

@Suite("Who gets which job")
struct MatchingTests {
    private func name(_ claim: Claim?) -> String? { claim?.jobName }

    @Test("a runner takes jobs of its repositories, of refs and forks that it serves, and of no others")
    func scopes() async throws {
        let test = try await TestStore()
        let store = test.store
        let other = try await store.addRepository(
            RepositoryReference(
                forge: "github", remoteID: 8, name: "ml/vision", cloneURL: "https://git.example.com/ml/vision.git",
                defaultBranch: "main"), now: at(0))
        try await test.pipeline(plan([("mine", [])]))
        let fork = try await test.pipeline(
            plan([("fork", [])]), ref: "refs/pull/7/head", commit: "0c0ffee", isHeld: true)
        try await store.approve(fork, commit: "0c0ffee", by: "mira", now: at(0))
        func claim(_ runner: String, _ scope: ServingScope) async throws -> String? {
            let id = try await store.testRunner(runner, scope: scope, now: at(1))
            return name(try await store.claim(by: id, leaseFor: .seconds(60), now: at(1)))
        }
        #expect(try await claim("elsewhere", ServingScope(repositories: [other.id])) == nil)
        #expect(try await claim("noForks", ServingScope(forks: false)) == "mine")
        #expect(try await claim("noForks", ServingScope(forks: false)) == nil)
        #expect(try await claim("protected", ServingScope(protectedOnly: true)) == nil)
        #expect(try await claim("any", ServingScope(repositories: [test.repository.id])) == "fork")
    }

    @Test("data that is closed to forks is handed to no fork's job, and to others'")
    func closedData() async throws {
        let test = try await TestStore()
        let store = test.store
        var ml = MLSettings()
        ml.data = ["scans"]
        func jobs(_ name: String) -> Plan { plan([(name, [])]) { $0.ml = ml } }
        let fork = try await test.pipeline(jobs("fork"), ref: "refs/pull/7/head", commit: "0c0ffee", isHeld: true)
        try await store.approve(fork, commit: "0c0ffee", by: "mira", now: at(0))
        try await test.pipeline(jobs("mine"), now: at(1))
        func claim(_ runner: String, _ closed: [String]) async throws -> String? {
            let inventory = RunnerInventory(data: ["scans"], closedData: closed)
            let id = try await store.testRunner(runner, inventory: inventory, now: at(2))
            return name(try await store.claim(by: id, leaseFor: .seconds(60), now: at(2)))
        }
        #expect(try await claim("closed", ["scans"]) == "mine")
        #expect(try await claim("closed", ["scans"]) == nil)
        #expect(try await claim("open", []) == "fork")
    }

    @Test("of two repositories, the one with fewer jobs running goes first, however many wait")
    func fairShare() async throws {
        let test = try await TestStore()
        let store = test.store
        let other = try await store.addRepository(
            RepositoryReference(
                forge: "github", remoteID: 8, name: "ml/vision", cloneURL: "https://git.example.com/ml/vision.git",
                defaultBranch: "main"), now: at(0))
        try await test.pipeline(plan((0..<6).map { ("a\($0)", []) }))
        let new = NewPipeline(
            repository: other.id, source: .push, ref: "refs/heads/main", commit: "a90b1c2",
            trust: PipelineTrust(isProtected: true, isFork: false),
            planning: .planned(plan([("b0", []), ("b1", [])])))
        _ = try await store.createPipeline(new, finishing: nil, now: at(5))
        let runner = try await store.testRunner(now: at(6))
        var names: [String] = []
        for _ in 0..<5 {
            names.append(try #require(name(try await store.claim(by: runner, leaseFor: .seconds(60), now: at(6)))))
        }
        #expect(names == ["a0", "b0", "a1", "b1", "a2"])
    }

    @Test(
        "a repository and a pipeline have no more jobs running than their limits, and a runner no more than its slots")
    func limits() async throws {
        let test = try await TestStore()
        let store = test.store
        var settings = test.repository.settings
        settings.jobLimit = 3
        settings.pipelineJobLimit = 2
        try await store.setSettings(settings, of: test.repository.id)
        try await test.pipeline(plan((0..<5).map { ("a\($0)", []) }))
        try await test.pipeline(plan((0..<5).map { ("b\($0)", []) }), ref: "refs/heads/b")
        let small = try await store.testRunner("small", slots: 1, now: at(1))
        let large = try await store.testRunner("large", now: at(1))
        func claim(_ id: RunnerID) async throws -> String? {
            name(try await store.claim(by: id, leaseFor: .seconds(60), now: at(1)))
        }
        #expect(try await claim(small) == "a0")
        #expect(try await claim(small) == nil)
        #expect(try await claim(large) == "a1")
        #expect(try await claim(large) == "b0")
        #expect(try await claim(large) == nil)
    }

    @Test("jobs that say how much CPU and memory they need share a runner's; others ask for nothing")
    func quantities() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(
            inventory: .init(cpus: 4, memory: .gibibytes(16)), now: at(0))
        var jobs = plan([("a", []), ("b", []), ("c", []), ("plain", [])])
        for (index, (cpus, memory)) in [(3.0, 4), (2.0, 4), (1.0, 13)].enumerated() {
            var ml = MLSettings()
            ml.cpus = cpus
            ml.memory = .gibibytes(Int64(memory))
            jobs.jobs[index].ml = ml
        }
        try await test.pipeline(jobs)
        func claim() async throws -> String? {
            name(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)))
        }
        #expect(try await claim() == "a")
        #expect(try await claim() == "plain")
        #expect(try await claim() == nil)
    }

    @Test("one job at a time of a resource group runs, in the order in which they became ready")
    func groups() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(now: at(0))
        try await test.pipeline(
            plan([("first", []), ("free", [])]) { $0.resourceGroup = $0.name == "first" ? "rig" : nil })
        try await test.pipeline(plan([("second", [])]) { $0.resourceGroup = "rig" }, ref: "refs/heads/b", now: at(1))
        try await test.pipeline(plan([("third", [])]) { $0.resourceGroup = "rig" }, ref: "refs/heads/c", now: at(2))
        func claim(_ seconds: Double) async throws -> Claim? {
            try await test.store.claim(by: runner, leaseFor: .hours(1), now: at(seconds))
        }
        let first = try #require(try await claim(3))
        #expect(first.jobName == "first")
        #expect(try await claim(3)?.jobName == "free")
        #expect(try await claim(3) == nil)
        _ = try await test.store.acknowledge(first.key, now: at(4))
        try await test.store.complete(first.key, with: TestStore.result(at: at(5)), now: at(5))
        #expect(try await claim(6)?.jobName == "second")
        #expect(try await claim(6) == nil)
    }

    @Test("a runner that is paused, draining or removed takes nothing, and what a removed one had is tried again")
    func standing() async throws {
        let test = try await TestStore()
        let store = test.store
        let id = try await test.pipeline(plan([("a", []), ("b", [])]))
        let runner = try await store.testRunner(now: at(0))
        var edit = RunnerEdit()
        edit.isPaused = true
        try await store.editRunner("r", as: edit, by: "mira", now: at(1))
        #expect(try await store.claim(by: runner, leaseFor: .seconds(60), now: at(1)) == nil)
        edit.isPaused = false
        try await store.editRunner("r", as: edit, by: "mira", now: at(2))
        let claim = try #require(try await store.claim(by: runner, leaseFor: .seconds(60), now: at(2)))
        _ = try await store.acknowledge(claim.key, now: at(2))
        try await store.removeRunner("r", by: "mira", now: at(3))
        #expect(try await store.claim(by: runner, leaseFor: .seconds(60), now: at(3)) == nil)
        #expect(try await test.states(id) == ["a": .ready, "b": .ready])
        #expect(try await store.runners().isEmpty)
    }

    @Test("a join token is good until its end; the name of a runner that is there is not given again")
    func joining() async throws {
        let test = try await TestStore()
        let store = test.store
        let terms = JoinTerms(tags: ["gpu"], slots: 2, scope: ServingScope(forks: false))
        try await store.addJoinToken(hash: [1], terms: terms, expiresAt: at(60), by: "mira", now: at(0))
        func join(_ name: String, _ seconds: Double, credential: UInt8 = 9) async throws -> StoredRunner {
            try await store.join(
                JoiningRunner(
                    name: name, slots: 8, request: ClaimRequest(version: "1"), credentialHash: [credential]),
                with: [1], now: at(seconds))
        }
        let runner = try await join("gpu1", 1)
        #expect(runner.offer.tags == ["gpu"] && runner.offer.slots == 2 && !runner.offer.scope.forks)
        #expect(try await store.runner(credentialHash: [9])?.id == runner.id)
        await expectError(.refused) { _ = try await join("gpu1", 2, credential: 8) }
        await expectError(.refused) { _ = try await join("gpu2", 61, credential: 8) }
        try await store.rotateCredential(of: runner.id, to: [10], shown: [9], now: at(3))
        #expect(try await store.runner(credentialHash: [9]) != nil)
        try await store.retirePreviousCredential(of: runner.id, shown: [10])
        #expect(try await store.runner(credentialHash: [9]) == nil)
        #expect(try await store.runner(credentialHash: [10])?.id == runner.id)
    }
}
