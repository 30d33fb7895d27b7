import PipelineModel
import Testing

@testable import pawl

@Suite("Which jobs run here")
struct ExecSelectionTests {
    /// Two stages; `deploy` goes to an environment, `promote` is started by hand, `smoke` needs what `deploy` made.
    private let plan: Plan = {
        func job(_ name: String, _ stage: String, _ change: (inout PlannedJob) -> Void = { _ in }) -> PlannedJob {
            var job = PlannedJob(name: name, stage: stage, script: ["true"])
            job.image = .init(name: "python:3")
            change(&job)
            return job
        }
        return Plan(
            stages: ["test", "ship"],
            jobs: [
                job("lint", "test") { $0.tags = ["gpu"] },
                job("test", "test"),
                job("deploy", "ship") { $0.environment = .init(name: "production") },
                job("promote", "ship") {
                    $0.when = .manual
                    $0.allowFailure = .always
                },
                job("smoke", "ship") { $0.needs = [.init(job: "deploy")] },
                job("card", "ship") { $0.needs = [.init(job: "test"), .init(job: "deploy", optional: true)] },
            ])
    }()

    private func names(_ selection: ExecSelection) -> [String] { selection.plan.jobs.map(\.name) }

    private func select(_ names: String..., image: String? = nil) throws -> ExecSelection {
        try ExecSelection(of: plan, names: names, defaultImage: image)
    }

    @Test("without names nothing is deployed or started by hand, nor what needs it, and each says why")
    func offered() throws {
        let selection = try select()
        #expect(names(selection) == ["lint", "test", "card"])
        #expect(
            selection.leftOut.map { "\($0.job): \($0.reason)" } == [
                "deploy: deploys to production", "promote: is started by hand",
                "smoke: needs deploy, which does not run here",
            ])
    }

    @Test("what runs has no tags to wait for and no need that is not there")
    func adapted() throws {
        let jobs = try select().plan.jobs
        #expect(jobs.flatMap(\.tags).isEmpty)
        #expect(jobs.last?.needs == [.init(job: "test")])
    }

    @Test(
        "with names those jobs run and what they need",
        arguments: [
            (["test"], ["test"]), (["promote"], ["lint", "test", "promote"]), (["card"], ["test", "card"]),
            (["deploy", "smoke"], ["lint", "test", "deploy", "smoke"]),
        ])
    func named(names wanted: [String], run: [String]) throws {
        #expect(names(try ExecSelection(of: plan, names: wanted, defaultImage: nil)) == run)
    }

    @Test("a job that was named starts at once, and its failure counts")
    func namedManual() throws {
        let job = try #require(try select("promote").plan.job(named: "promote"))
        #expect(job.when == .onSuccess)
        #expect(job.allowFailure == .never)
    }

    @Test("nothing is deployed because another job needs it: it has to be named")
    func unnamedNeed() throws {
        let error = #expect(throws: CommandFailure.self) { try select("smoke") }
        #expect(error?.status == .usage)
        #expect(error?.message?.contains("pawl exec deploy") == true)
    }

    @Test("a name that is mistyped gets a guess, one that the rules leave out its reason")
    func wrongNames() throws {
        let typo = #expect(throws: CommandFailure.self) { try select("tset") }
        #expect(typo?.message?.contains("Did you mean test?") == true)
        let elsewhere = UnrunJob(job: "nightly", reason: "a tag has it", instead: nil)
        let error = #expect(throws: CommandFailure.self) {
            try ExecSelection(of: plan, names: ["nightly"], defaultImage: nil, ruledOut: [elsewhere])
        }
        #expect(error?.message == "nightly does not run here: a tag has it")
    }

    @Test("a job without an image cannot run unless one is given, nor what needs it")
    func noImage() throws {
        var plan = plan
        plan.jobs[1].image = nil
        let without = try ExecSelection(of: plan, names: [], defaultImage: nil)
        #expect(without.cannotRun.map(\.job) == ["test"])
        #expect(names(without) == ["lint"])
        #expect(names(try ExecSelection(of: plan, names: [], defaultImage: "python:3")) == ["lint", "test", "card"])
        #expect(throws: CommandFailure.self) {
            try ExecSelection(of: plan, names: ["card", "test"], defaultImage: nil)
        }
    }

    @Test("a job that this machine lacks a GPU or data for cannot run, and gets no more CPUs than there are")
    func machine() throws {
        var plan = plan
        plan.jobs[0].ml = MLSettings()
        plan.jobs[0].ml?.gpus = 1
        plan.jobs[1].ml = MLSettings()
        plan.jobs[1].ml?.data = ["imagenet"]
        plan.jobs[5].ml = MLSettings()
        plan.jobs[5].ml?.cpus = 64
        plan.jobs[5].needs = nil
        let bare = RunnerInventory(cpus: 4)
        let selection = try ExecSelection(of: plan, names: [], defaultImage: nil, machine: bare)
        #expect(names(selection) == ["card"])
        #expect(selection.plan.jobs.first?.ml?.cpus == 4)
        #expect(
            selection.cannotRun.map(\.reason) == [
                "needs a GPU, and this machine has none", "reads the data imagenet",
            ])
        #expect(selection.cannotRun.last?.instead == "pawl exec --data imagenet=FOLDER")
        let gpu = GPU(uuid: "GPU-a", index: 0, model: "L4", memory: .gibibytes(24), driver: "550")
        let full = RunnerInventory(cpus: 64, gpus: [gpu], data: ["imagenet"])
        #expect(try ExecSelection(of: plan, names: [], defaultImage: nil, machine: full).cannotRun.isEmpty)
        #expect(throws: CommandFailure.self) {
            try ExecSelection(of: plan, names: ["lint"], defaultImage: nil, machine: bare)
        }
    }
}
