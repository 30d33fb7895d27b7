import PipelineModel
import Testing

@Suite("What follows from the states of a plan's jobs")
struct PipelineProgressTests {
    static func plan(_ jobs: [PlannedJob], stages: [String] = ["test", "train", "deploy"]) -> Plan {
        Plan(stages: stages, jobs: jobs)
    }

    static func job(
        _ name: String, _ stage: String, needs: [String]? = nil, when: PlannedJob.When = .onSuccess,
        allowFailure: PlannedJob.AllowedFailure = .never
    ) -> PlannedJob {
        var job = PlannedJob(name: name, stage: stage, script: ["true"])
        job.needs = needs?.map { PlannedJob.Need(job: $0) }
        job.when = when
        job.allowFailure = allowFailure
        return job
    }

    func settled(_ plan: Plan, _ states: [String: JobState]) -> (states: [String: JobState], pipeline: PipelineState) {
        var progress = PipelineProgress(
            plan: plan, standings: states.mapValues { .init($0, failure: $0 == .failed ? .script : nil) })
        _ = progress.settle()
        return (progress.standings.mapValues(\.state), progress.pipelineState)
    }

    @Test("jobs of the first stage start at once, those of the next wait for all of them")
    func stages() {
        let plan = Self.plan([
            Self.job("unit", "test"), Self.job("lint", "test"), Self.job("fit", "train"),
        ])
        let first = settled(plan, [:])
        #expect(first.states == ["unit": .ready, "lint": .ready, "fit": .waiting])
        #expect(settled(plan, ["unit": .passed, "lint": .running]).states["fit"] == .waiting)
        #expect(settled(plan, ["unit": .passed, "lint": .passed]).states["fit"] == .ready)
    }

    @Test("needs set the stages aside")
    func needs() {
        let plan = Self.plan([
            Self.job("unit", "test"), Self.job("slow", "test"), Self.job("fit", "train", needs: ["unit"]),
            Self.job("free", "deploy", needs: []),
        ])
        let states = settled(plan, ["unit": .passed, "slow": .running]).states
        #expect(states["fit"] == .ready)
        #expect(states["free"] == .ready)
    }

    @Test("a failure keeps everything after it from running, through any number of jobs")
    func failure() {
        let plan = Self.plan([Self.job("unit", "test"), Self.job("fit", "train"), Self.job("ship", "deploy")])
        let end = settled(plan, ["unit": .failed])
        #expect(end.states == ["unit": .failed, "fit": .notRun, "ship": .notRun])
        #expect(end.pipeline == .failed)
    }

    @Test("a failure that is allowed lets the next stage start")
    func allowedFailure() {
        let plan = Self.plan([Self.job("unit", "test", allowFailure: .always), Self.job("fit", "train")])
        #expect(settled(plan, ["unit": .failedAllowed]).states["fit"] == .ready)
    }

    @Test("on_failure runs after a failure only, always runs after either")
    func whenFailed() {
        let plan = Self.plan([
            Self.job("unit", "test"), Self.job("tell", "train", when: .onFailure),
            Self.job("clean", "train", when: .always),
        ])
        #expect(settled(plan, ["unit": .failed]).states == ["unit": .failed, "tell": .ready, "clean": .ready])
        #expect(settled(plan, ["unit": .passed]).states == ["unit": .passed, "tell": .notRun, "clean": .ready])
    }

    @Test("on_failure does not follow a stop, nor a failure beside a need that never ran")
    func onFailureApart() {
        let plan = Self.plan([
            Self.job("unit", "test"), Self.job("lint", "test"), Self.job("tell", "train", when: .onFailure),
            Self.job("told", "train", needs: ["unit", "lint"], when: .onFailure), Self.job("fit", "train"),
        ])
        let stopped = settled(plan, ["unit": .cancelled, "lint": .passed]).states
        #expect(stopped["tell"] == .notRun)
        #expect(stopped["told"] == .notRun)
        #expect(stopped["fit"] == .notRun)
        let both = settled(plan, ["unit": .cancelled, "lint": .failed]).states
        #expect(both["tell"] == .ready)
        #expect(both["told"] == .ready)
        let skipped = settled(plan, ["unit": .notRun, "lint": .failed]).states
        #expect(skipped["tell"] == .ready)
        #expect(skipped["told"] == .notRun)
    }

    @Test("what follows a job that may fail goes on when that one is stopped")
    func allowedStop() {
        let plan = Self.plan([Self.job("unit", "test", allowFailure: .always), Self.job("fit", "train")])
        #expect(settled(plan, ["unit": .cancelled]).states["fit"] == .ready)
    }

    @Test("a manual job that may fail stands in nobody's way, one that may not stops the stages after it")
    func manual() {
        let optional = Self.plan([
            Self.job("ask", "test", when: .manual, allowFailure: .always), Self.job("fit", "train"),
        ])
        let open = settled(optional, [:])
        #expect(open.states == ["ask": .manual, "fit": .ready])
        #expect(settled(optional, ["ask": .manual, "fit": .passed]).pipeline == .passed)

        let blocking = Self.plan([Self.job("ask", "test", when: .manual), Self.job("fit", "train")])
        let blocked = settled(blocking, [:])
        #expect(blocked.states == ["ask": .manual, "fit": .waiting])
        #expect(blocked.pipeline == .manual)
    }

    @Test("who needs a manual job that may fail is not run, and nobody waits for it")
    func needsOffered() {
        let plan = Self.plan([
            Self.job("ask", "test", when: .manual, allowFailure: .always), Self.job("fit", "train", needs: ["ask"]),
            Self.job("tidy", "train", needs: ["ask"], when: .always), Self.job("ship", "deploy"),
        ])
        let open = settled(plan, [:])
        #expect(open.states == ["ask": .manual, "fit": .notRun, "tidy": .ready, "ship": .waiting])
        let ended = settled(plan, ["ask": .manual, "fit": .notRun, "tidy": .passed, "ship": .passed])
        #expect(ended.pipeline == .passed)
    }

    @Test("a played manual job starts as soon as what it waits for has ended")
    func played() {
        let plan = Self.plan([Self.job("unit", "test"), Self.job("ship", "deploy", when: .manual)])
        var progress = PipelineProgress(
            plan: plan, standings: ["unit": .init(.passed), "ship": .init(.waiting, isPlayed: true)])
        let changes = progress.settle()
        #expect(changes.map(\.job) == ["ship"])
        #expect(changes.map(\.state) == [.ready])
    }

    @Test("only Pawl's side having failed is told apart from a failure of the change")
    func whoFailed() {
        let plan = Self.plan([Self.job("unit", "test"), Self.job("lint", "test")])
        func state(_ failures: [String: FailureClass]) -> PipelineState {
            PipelineProgress(plan: plan, standings: failures.mapValues { .init(.failed, failure: $0) }).pipelineState
        }
        #expect(state(["unit": .image, "lint": .lost]) == .system)
        #expect(state(["unit": .image, "lint": .script]) == .failed)
    }

    @Test("dependants are found through needs and through stages")
    func dependants() {
        let plan = Self.plan([
            Self.job("unit", "test"), Self.job("fit", "train", needs: ["unit"]), Self.job("apart", "train", needs: []),
            Self.job("ship", "deploy"),
        ])
        #expect(PipelineProgress(plan: plan, standings: [:]).dependants(of: "unit") == ["fit", "ship"])
    }

    @Test("settling ends, and says each change once, for any plan")
    func settlingEnds() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let count = Int.random(in: 1...12, using: &random)
            let jobs = (0..<count).map { index in
                Self.job(
                    "j\(index)", ["test", "train", "deploy"].randomElement(using: &random)!,
                    needs: Bool.random(using: &random)
                        ? nil : (0..<index).filter { _ in Bool.random() }.map { "j\($0)" },
                    when: [.onSuccess, .onFailure, .always, .manual].randomElement(using: &random)!)
            }
            var progress = PipelineProgress(
                plan: Self.plan(jobs),
                standings: Dictionary(
                    uniqueKeysWithValues: jobs.map {
                        ($0.name, .init(JobState.allCases.randomElement(using: &random)!))
                    }))
            let changes = progress.settle()
            #expect(Set(changes.map(\.job)).count == changes.count)
            #expect(progress.settle().isEmpty)
        }
    }
}
