import PipelineModel
import Testing

@testable import Store

@Suite struct PipelineTests {
    @Test("a new pipeline readies what waits for nothing, and owes every pending status at once")
    func creation() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        #expect(try await test.states(id) == ["test": .ready, "train": .waiting])
        #expect(
            try await test.owed() == ["pawl/push pending", "pawl/push/test pending", "pawl/push/train pending"])
    }

    @Test("jobs follow each other to the pipeline's end, and the forge hears of it in order")
    func greenPath() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        try await test.run("test")
        try await test.run("train", now: at(5))
        #expect(try await test.state(id) == .passed)
        let told = try await test.store.outbox(of: id).map { "\($0.status.context) \($0.status.state.rawValue)" }
        #expect(
            told == [
                "pawl/push pending", "pawl/push/test pending", "pawl/push/train pending", "pawl/push/test success",
                "pawl/push/train success", "pawl/push success",
            ])
        #expect(try await test.store.pipeline(id)?.pipeline.finishedAt == at(5))
    }

    @Test("a failed job keeps what needs it from running, and says so")
    func redPath() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", ["test"]), ("deploy", ["train"])]))
        try await test.run("test", failing: scriptFailure)
        #expect(try await test.states(id) == ["test": .failed, "train": .notRun, "deploy": .notRun])
        #expect(try await test.job("train", of: id).because == "test")
        #expect(try await test.state(id) == .failed)
    }

    @Test("a file that cannot be planned gives a pipeline that says why, and a failed status")
    func notPlanned() async throws {
        let test = try await TestStore()
        let diagnostic = Diagnostic(.error, "“trian” is not a job", at: .init(file: ".pawl.yml", line: 22, column: 11))
        let new = NewPipeline(
            repository: test.repository.id, source: .push, ref: "refs/heads/main", commit: "c",
            trust: PipelineTrust(isProtected: true, isFork: false),
            planning: .notPlanned(reason: ".pawl.yml:22:11 “trian” is not a job", diagnostics: [diagnostic]))
        let made = try await test.store.createPipeline(new, finishing: nil, now: at(0))
        #expect(made == .created(1))
        let detail = try #require(try await test.store.pipeline(1))
        #expect(detail.pipeline.state == .notPlanned)
        #expect(detail.diagnostics == [diagnostic])
        #expect(try await test.store.dueMessages(now: at(0)).map(\.status.state) == [.failure])
    }

    @Test("a fork's plan without jobs waits for nobody's approval: there is nothing to approve")
    func emptyFork() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Plan(stages: [], jobs: []), source: .pullRequest, isHeld: true)
        #expect(try await test.state(id) == .empty)
        #expect(try await test.store.dueMessages(now: at(0)).map(\.status.state) == [.success])
    }

    @Test("a plan without jobs is an empty pipeline, and a success")
    func empty() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Plan(stages: [], jobs: []))
        #expect(try await test.state(id) == .empty)
        #expect(try await test.owed() == ["pawl/push success"])
    }

    @Test("a held pipeline runs nothing until its commit, and no other, is approved")
    func approval() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(
            plan([("test", [])]), ref: "refs/pull/7/head", source: .pullRequest, isHeld: true)
        #expect(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(1)) == nil)
        let message = await expectError(.refused) {
            try await test.store.approve(id, commit: "another", by: "mira", now: at(2))
        }
        #expect(message.contains("one commit"))
        await expectError(.refused) { _ = try await test.store.retryFailed(id, by: "mira", now: at(2)) }
        try await test.store.approve(id, commit: "7fd1a60", by: "mira", now: at(3))
        #expect(try await test.states(id) == ["test": .ready])
        #expect(try await test.store.pipeline(id)?.pipeline.approvedBy == "mira")
        #expect(
            try await test.store.auditEntries().map(\.action).filter { !$0.hasPrefix("runner.") } == [
                "pipeline.approve"
            ])
        await expectError(.refused) { try await test.store.approve(id, commit: "7fd1a60", by: "mira", now: at(4)) }
    }

    @Test("a held pipeline that is cancelled has not passed, whatever its jobs may")
    func heldCancelled() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]) { $0.allowFailure = .always }, isHeld: true)
        try await test.store.cancelPipeline(id, because: "closed", by: "mira", now: at(1))
        #expect(try await test.state(id) == .cancelled)
        #expect(try await test.states(id) == ["test": .cancelled])
    }

    @Test("a manual job waits for a person, and its status is not posted until then")
    func play() async throws {
        let test = try await TestStore()
        var jobs = plan([("test", []), ("deploy", ["test"])])
        jobs.jobs[1].when = .manual
        let id = try await test.pipeline(jobs)
        let deploy = try await test.job("deploy", of: id).id
        try await test.run("test")
        #expect(try await test.state(id) == .manual)
        #expect(try await test.store.outbox(of: id).allSatisfy { $0.status.context != "pawl/push/deploy" })
        try await test.store.play(deploy, by: "mira", now: at(2))
        #expect(try await test.states(id)["deploy"] == .ready)
        let message = await expectError(.refused) { try await test.store.play(deploy, by: "mira", now: at(3)) }
        #expect(message.contains("1/deploy does not wait for a person"))
        try await test.run("deploy", now: at(4))
        #expect(try await test.state(id) == .passed)
    }

    @Test("a delayed job is handed out when its time has come, or when a person plays it")
    func delayedJob() async throws {
        let test = try await TestStore()
        var jobs = plan([("test", []), ("train", ["test"])])
        jobs.jobs[1].when = .delayed
        jobs.jobs[1].startIn = .seconds(60)
        func claim(_ now: Timestamp) async throws -> String? {
            try await test.store.claim(as: "r1", tags: [], leaseFor: .seconds(60), now: now)?.jobName
        }
        let id = try await test.pipeline(jobs)
        try await test.run("test", now: at(5))
        #expect(try await test.job("train", of: id).readyAt == at(65))
        #expect(try await claim(at(64)) == nil)
        #expect(try await claim(at(65)) == "train")
        let other = try await test.pipeline(jobs, commit: "other")
        try await test.run("test", now: at(70))
        try await test.store.play(try await test.job("train", of: other).id, by: "mira", now: at(71))
        #expect(try await claim(at(71)) == "train")
    }

    @Test("what a job hands on reaches those that get its artifacts, and gives way to what a person gave")
    func dotenv() async throws {
        let test = try await TestStore()
        var jobs = plan([("test", []), ("train", ["test"]), ("other", ["test"])])
        jobs.jobs[2].needs = [.init(job: "test", artifacts: false)]
        jobs.given = ["GIVEN"]
        try await test.pipeline(jobs)
        let key = try await test.start("test")
        var result = TestStore.result(at: at(1))
        result.dotenv = [Variable("A", "1"), Variable("GIVEN", "2"), Variable("no name", "3")]
        try await test.store.complete(key, with: result, now: at(1))
        let train = try await test.store.acknowledge(try await test.start("train"), now: at(2))
        #expect(train.dotenv == [Variable("A", "1")])
        let other = try await test.store.acknowledge(try await test.start("other"), now: at(2))
        #expect(other.dotenv == [])
    }

    @Test("what needs a manual job that may fail is not run, keeps nothing waiting, and runs once that is played")
    func playForDependants() async throws {
        let test = try await TestStore()
        var jobs = plan([("test", []), ("ship", ["test"]), ("smoke", ["ship"]), ("report", ["smoke"])])
        jobs.jobs[1].when = .manual
        jobs.jobs[1].allowFailure = .always
        let id = try await test.pipeline(jobs)
        try await test.run("test")
        #expect(try await test.state(id) == .passed)
        #expect(
            try await test.states(id) == ["test": .passed, "ship": .manual, "smoke": .notRun, "report": .notRun])
        try await test.store.play(try await test.job("ship", of: id).id, by: "mira", now: at(2))
        #expect(try await test.state(id) == .running)
        for name in ["ship", "smoke", "report"] { try await test.run(name, now: at(3)) }
        #expect(try await test.states(id).values.allSatisfy { $0 == .passed })
        #expect(try await test.state(id) == .passed)
    }

    @Test("a stopped pipeline ends what has not started at once, and tells a runner at its heartbeat")
    func cancel() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("a", []), ("b", []), ("c", []), ("d", ["a"])]))
        let key = try await test.start("a")
        let claim = try #require(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(60), now: at(1)))
        try await test.store.cancelPipeline(id, because: "stopped by mira", by: "mira", now: at(2))
        #expect(
            try await test.states(id) == ["a": .running, "b": .cancelled, "c": .cancelled, "d": .cancelled])
        await expectError(.leaseLost) { _ = try await test.store.acknowledge(claim.key, now: at(3)) }
        #expect(
            try await test.store.renew(key, leaseFor: .seconds(60), now: at(3)) == .cancel(reason: "stopped by mira"))
        try await test.store.complete(key, with: TestStore.result(at: at(4)), now: at(4))
        #expect(try await test.state(id) == .cancelled)
        #expect(try await test.job("a", of: id).attempts.map(\.state) == [.cancelled])
    }

    @Test("a runner that is lost while its job is being stopped leaves the job stopped")
    func lostWhileStopping() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("a", [])]))
        _ = try await test.start("a")
        try await test.store.cancelPipeline(id, because: "stop", by: "mira", now: at(2))
        _ = try await test.store.rescue(now: at(100))
        #expect(try await test.states(id) == ["a": .cancelled])
        #expect(try await test.state(id) == .cancelled)
    }

    @Test(
        "a newer push stops an older pipeline, unless a job has started that must not be interrupted",
        arguments: [(false, false, true), (true, false, false), (true, true, true)])
    func superseding(isStarted: Bool, isInterruptible: Bool, isStopped: Bool) async throws {
        let test = try await TestStore()
        let jobs = plan([("a", []), ("b", ["a"])]) { $0.interruptible = isInterruptible }
        let old = try await test.pipeline(jobs)
        let other = try await test.pipeline(jobs, ref: "refs/heads/other")
        if isStarted { _ = try await test.start("a") }
        try await test.pipeline(jobs, now: at(2))
        #expect(try await test.states(old)["b"] == (isStopped ? .cancelled : .waiting))
        #expect(try await test.states(other)["b"] == .waiting)
        let reason = try await test.store.pipeline(old)?.pipeline.reason
        #expect(reason == (isStopped ? "superseded by #3" : nil))
    }

    @Test(
        "a newer push does to an older pipeline what that one's file says",
        arguments: [
            (Plan.OnNewCommit.none, JobState.waiting, JobState.running), (.conservative, .waiting, .running),
            (.interruptible, .cancelled, .running), (nil, .waiting, .running),
        ] as [(Plan.OnNewCommit?, JobState, JobState)])
    func givingWay(way: Plan.OnNewCommit?, interruptible: JobState, other: JobState) async throws {
        let test = try await TestStore()
        var jobs = plan([("a", []), ("b", ["a"])]) { $0.interruptible = $0.name == "b" }
        jobs.onNewCommit = way
        let old = try await test.pipeline(jobs)
        _ = try await test.start("a")
        try await test.pipeline(jobs, now: at(2))
        #expect(try await test.states(old) == ["a": other, "b": interruptible])
    }

    @Test("an outdated deployment is refused by name of the newer one")
    func outdatedDeployment() async throws {
        let test = try await TestStore()
        let jobs = plan([("deploy", [])]) { $0.environment = .init(name: "production") }
        let old = try await test.pipeline(jobs, ref: "refs/heads/a")
        let oldKey = try await test.start("deploy")
        try await test.pipeline(jobs, ref: "refs/heads/b")
        try await test.store.giveBack(oldKey, because: "the forge is down", rest: .backOff, now: at(1))
        try await test.run("deploy")
        #expect(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(30)) == nil)
        let job = try await test.job("deploy", of: old)
        #expect(job.state == .failed)
        #expect(job.failure == Failure(.policy, "production runs #2, newer than #1"))
        #expect(job.attempts.count == 1)
        #expect(try await test.state(old) == .failed)
        await #expect(throws: StoreError.self) { try await test.store.retry(job.id, by: "mira", now: at(4)) }
        #expect(try await test.job("deploy", of: old).state == .failed)
    }

    @Test("a plan that cannot be read ends its job as Pawl's failure, names the row, and stops nothing else")
    func damagedPlan() async throws {
        let test = try await TestStore()
        let damaged = try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        try await test.store.database.write { connection in
            try connection.execute("UPDATE pipeline SET plan = '{\"stages\": 3' WHERE id = $1", damaged)
        }
        let claim = try #require(
            try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(1)))
        let message = await expectError(.corrupt) { _ = try await test.store.acknowledge(claim.key, now: at(1)) }
        #expect(message.contains("“plan” of pipeline 1") && message.contains("backup"))
        #expect(try await test.store.job(claim.key.job)?.failure?.class == .system)
        #expect(try await test.store.pipelines().first?.state == .system)
        #expect(try await test.store.dueMessages(now: at(9)).contains { $0.status.state == .error })
        await expectError(.corrupt) { _ = try await test.store.pipeline(damaged) }
        let next = try await test.pipeline(plan([("test", [])]))
        try await test.run("test")
        #expect(try await test.state(next) == .passed)
    }

    @Test("pipelines are found by commit, in full or in part, the newest first")
    func byCommit() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("a", [])]), commit: "7fd1a60aaaaaaaa")
        let newer = try await test.pipeline(plan([("a", [])]), commit: "7fd1a60aaaaaaaa")
        #expect(try await test.store.newestPipeline(forCommit: "7fd1a60") == newer)
        #expect(try await test.store.newestPipeline(forCommit: "7fd1a60b") == nil)
        #expect(try await test.store.newestPipeline(forCommit: "7fd%") == nil)
        #expect(try await test.store.pipelines(of: test.repository.id, limit: 1).map(\.id) == [newer])
    }
}
