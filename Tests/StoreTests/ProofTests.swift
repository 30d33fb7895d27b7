import Foundation
import PipelineModel
import Testing

@testable import Store

@Suite("jobs that earlier attempts prove")
struct ProofTests {
    private let test: TestStore
    private var store: Store { test.store }

    init() async throws { test = try await TestStore() }

    private static let tree = String(repeating: "a", count: 40)
    private static let inputs = String(repeating: "1", count: 64)
    private static let content = Array("a model".utf8)

    /// A pipeline's place in the world.
    struct Place: Sendable {
        var trust = CommitTrust.protected
        var pullRequest: Int64?
        var tree = ProofTests.tree

        static let main = Place()
        static let branch = Place(trust: .branch)
        static func fork(_ number: Int64) -> Place { Place(trust: .fork, pullRequest: number) }
        static func tree(_ digit: Character, trust: CommitTrust) -> Place {
            Place(trust: trust, tree: String(repeating: digit, count: 40))
        }
    }

    private static func trainingPlan(_ change: (inout PlannedJob) -> Void = { _ in }) -> Plan {
        var train = PlannedJob(name: "train", stage: "test", script: ["true"])
        train.ml = MLSettings()
        train.ml?.inputs = ["src/"]
        train.artifacts = .init(paths: ["model/"])
        change(&train)
        var use = PlannedJob(name: "use", stage: "test", script: ["true"])
        use.needs = [.init(job: "train")]
        return Plan(stages: ["test"], jobs: [train, use])
    }

    private func make(_ place: Place = .main, plan: Plan = ProofTests.trainingPlan(), now: Timestamp = at(0))
        async throws -> PipelineID
    {
        var new = NewPipeline(
            repository: test.repository.id, source: place.pullRequest == nil ? .push : .pullRequest,
            ref: "refs/heads/x", commit: "7fd1a60",
            trust: PipelineTrust(isProtected: place.trust == .protected, isFork: place.trust == .fork),
            planning: .planned(plan))
        new.pullRequest = place.pullRequest
        guard case .created(let id) = try await store.createPipeline(new, finishing: nil, now: now) else {
            throw StoreError(.invalid, message: "not created")
        }
        return id
    }

    private static func key(
        _ place: Place, rate: String = "0.1", image: String? = "sha256:one"
    ) -> JobKey {
        var parts = ProofKey()
        parts[.script] = [.init("script 1", "true")]
        parts[.variables] = [.init("RATE", rate)]
        if place.trust == .fork { parts[.trust] = [.init("fork", "pull request \(place.pullRequest ?? 0)")] }
        parts.setInputs(digest: inputs, files: [.init("src/a.py", "100644 aaaa")])
        return JobKey(parts: parts, image: image, tree: place.tree)
    }

    /// Settles the job that waits for a proof.
    @discardableResult
    private func settle(
        _ pipeline: PipelineID, _ place: Place, rate: String = "0.1", image: String? = "sha256:one",
        isChecked: Bool = false, keptFor: Duration? = nil, now: Timestamp = at(1)
    ) async throws -> ProvingOutcome {
        let job = try await test.job("train", of: pipeline)
        let waiting = try #require(try await store.provingCase(of: job.id))
        return try await store.settle(
            waiting, with: Self.key(place, rate: rate, image: image), isChecked: { _ in isChecked },
            keptFor: keptFor, now: now)
    }

    /// Runs a pipeline's job to its end.
    private func train(
        _ content: [UInt8] = ProofTests.content, f1: Double? = nil, failing failure: Failure? = nil,
        inputs: String? = ProofTests.inputs,
        image: String = "sha256:one", keptFor: Duration? = nil, now: Timestamp = at(2)
    ) async throws {
        let key = try await test.start("train", now: now)
        if failure == nil {
            let reference = ArtifactReference(
                sha256: try sha256(content), size: ByteCount(bytes: Int64(content.count)), fileCount: 1,
                paths: ["model/m"])
            try await store.storeArtifact(
                reference,
                content: AsyncThrowingStream<[UInt8], any Error> {
                    $0.yield(content)
                    $0.finish()
                }, for: key, keptFor: keptFor, now: now)
        }
        var result = TestStore.result(failure, at: now)
        (result.inputs, result.imageDigest) = (inputs, image)
        if let f1 {
            var report = MetricReport()
            report.metrics = [Metric("f1", f1)]
            result.report = report
        }
        try await store.complete(key, with: result, now: now)
    }

    /// Makes a pipeline whose job runs and passes.
    @discardableResult
    private func proveFirst(
        _ place: Place = .main, plan: Plan = ProofTests.trainingPlan(), f1: Double? = nil, keptFor: Duration? = nil
    ) async throws -> PipelineID {
        let id = try await make(place, plan: plan)
        #expect(try await settle(id, place) == .queued)
        try await train(f1: f1, keptFor: keptFor)
        return id
    }

    // MARK: - Hits

    @Test("a job with the same key is proved: no runner has it, its dependants go on with what the proof left")
    func hit() async throws {
        let first = try await proveFirst()
        try await test.run("use", now: at(5))
        let second = try await make()
        #expect(try await test.states(second) == ["train": .proving, "use": .waiting])
        #expect(try await store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: at(3)) == nil)
        guard case .proved(let proving) = try await settle(second, .main) else {
            Issue.record("not proved")
            return
        }
        #expect(proving.pipeline == first && proving.job == "train" && proving.number == 1)
        #expect(try await test.states(second) == ["train": .proved, "use": .ready])
        let job = try await test.job("train", of: second)
        #expect(job.attempts.isEmpty && job.provedBy == proving && job.summary == "proved by #\(first), nothing run")
        let lease = try #require(try await store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: at(3)))
        let assigned = try await store.acknowledge(lease.key, now: at(3))
        #expect(assigned.artifacts.map(\.artifact.sha256) == [try sha256(Self.content)])
        try await store.complete(lease.key, with: TestStore.result(at: at(4)), now: at(4))
        #expect(try await test.state(second) == .passed)
    }

    @Test(
        "nothing is proved by another key, image or input, nor where the image is not known",
        arguments: [("0.2", "sha256:one" as String?), ("0.1", "sha256:two"), ("0.1", nil)])
    func misses(rate: String, image: String?) async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        let second = try await make()
        #expect(try await settle(second, .main, rate: rate, image: image) == .queued)
        #expect(try await test.states(second)["train"] == .ready)
    }

    @Test("a proof names the image that the attempt ran in, whatever was thought before")
    func realImage() async throws {
        let first = try await make()
        try await settle(first, .main, image: nil)
        try await train(image: "sha256:two")
        try await test.run("use", now: at(5))
        #expect(try await settle(try await make(), .main, image: "sha256:one") == .queued)
        try await train(image: "sha256:one")
        try await test.run("use", now: at(5))
        guard case .proved(let proving) = try await settle(try await make(), .main, image: "sha256:two") else {
            Issue.record("not proved")
            return
        }
        #expect(proving.pipeline == first)
    }

    @Test(
        "an attempt that failed, or whose runner does not say what it laid out, proves nothing",
        arguments: [true, false])
    func unproved(fails: Bool) async throws {
        let first = try await make()
        try await settle(first, .main)
        try await train(failing: fails ? scriptFailure : nil, inputs: fails ? Self.inputs : nil)
        if !fails { try await test.run("use", now: at(5)) }
        #expect(try await settle(try await make(), .main) == .queued)
    }

    @Test("the oldest proof is used, so that nobody tries until a luckier one is there")
    func oldest() async throws {
        let first = try await proveFirst(f1: 0.8)
        try await test.run("use", now: at(5))
        try await store.retry(try await test.job("train", of: first).id, by: "mira", now: at(5))
        #expect(try await test.states(first)["train"] == .proving)
        guard case .queuedAsCheck = try await settle(first, .main) else {
            Issue.record("a person's wish to run it again was not heard")
            return
        }
        try await train(f1: 0.8, now: at(6))
        let use = try await store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: at(6))
        #expect(use?.jobName == "use")
        guard case .proved(let proving) = try await settle(try await make(), .main) else {
            Issue.record("not proved")
            return
        }
        #expect(proving.pipeline == first && proving.number == 1)
    }

    // MARK: - Trust

    @Test(
        "a proof is used by refs that trust it alone",
        arguments: [
            (.main, .main, true), (.main, .branch, true), (.branch, .branch, true),
            // What a branch has proved holds for the protected ref that has taken in the very same files.
            (.branch, .main, true), (.branch, .tree("b", trust: .protected), false),
            (.main, .tree("b", trust: .protected), true), (.main, .tree("b", trust: .branch), true),
            (.fork(7), .fork(7), true), (.fork(7), .fork(8), false), (.fork(7), .main, false),
            (.fork(7), .branch, false), (.main, .fork(7), false), (.branch, .fork(7), false),
        ] as [(Place, Place, Bool)])
    func trust(from: Place, to: Place, isTrusted: Bool) async throws {
        try await proveFirst(from)
        try await test.run("use", now: at(5))
        // As if it were the same key, whatever the fork's says of itself.
        let job = try await make(to)
        let waiting = try #require(
            try await store.provingCase(of: try await test.job("train", of: job).id))
        var key = Self.key(from)
        key.tree = to.tree
        let outcome = try await store.settle(waiting, with: key, isChecked: { _ in false }, now: at(3))
        if case .proved = outcome { #expect(isTrusted) } else { #expect(!isTrusted && outcome == .queued) }
    }

    @Test("what a merge has taken in is proved for the branch from then on, though its files go on changing")
    func merged() async throws {
        let first = try await proveFirst(.branch)
        try await test.run("use", now: at(5))
        let later = Place.tree("b", trust: .protected)
        guard case .proved = try await settle(try await make(.main), .main) else {
            Issue.record("the merge was not proved")
            return
        }
        try await test.run("use", now: at(5))
        guard case .proved(let proving) = try await settle(try await make(later), later) else {
            Issue.record("the commit after it was not proved")
            return
        }
        #expect(proving.pipeline == first)
    }

    // MARK: - Fencing, expiry, crashes

    @Test("a job that was stopped, or settled by another, is left alone")
    func fencing() async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        let second = try await make()
        let job = try await test.job("train", of: second)
        let waiting = try #require(try await store.provingCase(of: job.id))
        try await store.cancelJob(job.id, because: "enough", by: "mira", now: at(3))
        let late = try await store.settle(waiting, with: Self.key(.main), isChecked: { _ in false }, now: at(3))
        #expect(late == .movedOn)
        #expect(try await test.states(second)["train"] == .cancelled)
        let third = try await make()
        let again = try #require(try await store.provingCase(of: try await test.job("train", of: third).id))
        try await settle(third, .main)
        let twice = try await store.settle(again, with: nil, isChecked: { _ in false }, now: at(4))
        #expect(twice == .movedOn)
        #expect(try await test.states(third)["train"] == .proved)
    }

    @Test("artifacts that have expired prove nothing; those that prove something are kept as if they were made now")
    func expiry() async throws {
        try await proveFirst(keptFor: .days(1))
        try await test.run("use", now: at(5))
        let second = try await make()
        guard case .proved = try await settle(second, .main, keptFor: .days(1), now: at(80_000)) else {
            Issue.record("not proved")
            return
        }
        #expect(try await store.sweep(Retention(), now: at(100_000)).artifacts == 0)
        #expect(try await store.sweep(Retention(), now: at(170_000)).artifacts == 1)
        try await test.run("use", now: at(170_001))
        #expect(try await settle(try await make(), .main, now: at(170_002)) == .queued)
    }

    @Test("bytes that are gone prove nothing")
    func lostBytes() async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        try await store.blobs.remove(try sha256(Self.content)) { false }
        #expect(try await settle(try await make(), .main) == .queued)
    }

    @Test("a server that dies between two jobs' states finds what waited, and goes on")
    func restart() async throws {
        let folder = test.folder + "-again"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var other: Store? = try await TestStore.open(folder)
        let repository = try await other?.addRepository(TestStore.churn, now: at(0))
        let new = NewPipeline(
            repository: try #require(repository).id, source: .push, ref: "refs/heads/main", commit: "7fd1a60",
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(Self.trainingPlan()))
        _ = try await other?.createPipeline(new, finishing: nil, now: at(0))
        let before = try await other?.provingJobs()
        try other?.close()
        other = nil
        let reopened = try await TestStore.open(folder)
        let waiting = try await reopened.provingJobs()
        #expect(waiting.count == 1 && waiting == before)
        let found = try #require(try await reopened.provingCase(of: waiting[0]))
        #expect(try await reopened.settle(found, with: nil, isChecked: { _ in false }, now: at(1)) == .queued)
        try reopened.close()
    }

    // MARK: - What is never proved

    @Test("a deployment, and what a person or a failure asks for, is never proved")
    func neverProved() async throws {
        let deployment = try await make(plan: Self.trainingPlan { $0.environment = .init(name: "production") })
        #expect(try await test.states(deployment)["train"] == .ready)
        let manual = try await make(plan: Self.trainingPlan { $0.when = .manual })
        try await store.play(try await test.job("train", of: manual).id, by: "mira", now: at(1))
        #expect(try await test.states(manual)["train"] == .ready)
        let always = try await make(plan: Self.trainingPlan { $0.when = .always })
        #expect(try await test.states(always)["train"] == .ready)
        let open = try await make(plan: Self.trainingPlan { $0.ml = nil })
        #expect(try await test.states(open)["train"] == .ready)
    }

    // MARK: - Checks

    @Test(
        "a proof that is run again to check stays where the bytes and metrics are the same, and else proves nothing more",
        arguments: [("a model", 0.8, true), ("another", 0.8, false), ("a model", 0.7, false)])
    func checks(content: String, f1: Double, isSame: Bool) async throws {
        try await proveFirst(f1: 0.8)
        try await test.run("use", now: at(5))
        let second = try await make()
        guard case .queuedAsCheck = try await settle(second, .main, isChecked: true) else {
            Issue.record("not checked")
            return
        }
        try await train(Array(content.utf8), f1: f1)
        try await test.run("use", now: at(5))
        let facts = try #require(try await store.proofFacts(of: try await test.job("train", of: second).id))
        #expect(facts.checks.checked == 1 && (facts.checks.difference == nil) == isSame)
        let outcome = try await settle(try await make(), .main)
        if case .proved = outcome { #expect(isSame) } else { #expect(!isSame) }
    }

    @Test("a check that fails finds a difference; one that Pawl's side ends finds none")
    func failedChecks() async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        let second = try await make()
        try await settle(second, .main, isChecked: true)
        try await train(failing: Failure(.policy, "a rule"))
        let job = try await test.job("train", of: second)
        #expect(try await store.proofFacts(of: job.id)?.checks.checked == 0)
        let third = try await make()
        try await settle(third, .main, isChecked: true)
        try await train(failing: scriptFailure)
        let facts = try await store.proofFacts(of: try await test.job("train", of: third).id)
        #expect(facts?.checks.difference == "it failed: exit 1")
    }

    @Test("a proved job is run by name with --fresh alone, and its dependants begin again after it")
    func fresh() async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        let second = try await make()
        try await settle(second, .main)
        try await test.run("use", now: at(5))
        let job = try await test.job("train", of: second)
        let words = await expectError(.refused) { try await store.retry(job.id, by: "mira", now: at(5)) }
        #expect(words.contains("--fresh"))
        try await store.retry(job.id, fresh: true, by: "mira", now: at(5))
        #expect(try await test.states(second) == ["train": .proving, "use": .waiting])
        guard case .queuedAsCheck = try await settle(second, .main) else {
            Issue.record("proved again")
            return
        }
        #expect(try await test.job("train", of: second).provedBy == nil)
    }

    @Test("a comment that names a proved job is told of --fresh, as whoever names it on the command line")
    func comment() async throws {
        try await proveFirst()
        try await test.run("use", now: at(5))
        let place = Place(trust: .branch, pullRequest: 3)
        let second = try await make(place)
        try await settle(second, place)
        let delivery = try await test.delivery(now: at(5))
        try await store.carryOut(
            CommentRequest(.retry(job: "train"), by: "@mira", on: 3, of: test.repository.id, in: delivery), now: at(5))
        #expect(try await test.job("train", of: second).state == .proved)
        #expect(try await store.delivery(delivery)?.reason?.contains("--fresh") == true)
    }

    // MARK: - Gates

    @Test("a gate judges what the proof reported")
    func gated() async throws {
        let plan = Self.trainingPlan {
            $0.ml?.gate = [GateRule(metric: "f1", want: .higher)]
        }
        let first = try await proveFirst(plan: plan, f1: 0.8)
        for waiting in try await store.judgingCases(of: first) {
            let verdict = Verdict(answer: .withinLimits, isBlocking: false, metrics: [], settings: JudgeSettings())
            #expect(try await store.record(verdict, words: "fine", for: waiting, now: at(3)))
        }
        try await test.run("use", now: at(5))
        let second = try await make(plan: plan)
        try await settle(second, .main)
        #expect(try await test.states(second)["train"] == .judging)
        let waiting = try #require(try await store.judgingCases(of: second).first)
        #expect(waiting.candidate[1]??.metrics == [Metric("f1", 0.8)])
        let verdict = Verdict(answer: .withinLimits, isBlocking: false, metrics: [], settings: JudgeSettings())
        #expect(try await store.record(verdict, words: "fine", for: waiting, now: at(4)))
        #expect(try await test.states(second)["train"] == .proved)
        #expect(try await store.reports(of: second)["train"]?[1]?.metrics == [Metric("f1", 0.8)])
    }
}
