import PipelineModel
import Testing

@Suite("Seeds added to a plan")
struct MoreSeedsTests {
    private static func job(_ name: String, seeds: Int? = nil, needs: [String] = [], gated: Bool = false) -> PlannedJob
    {
        var job = PlannedJob(name: name, stage: "test", script: ["true"])
        job.needs = needs.map { PlannedJob.Need(job: $0) }
        guard seeds != nil || gated else { return job }
        var ml = MLSettings()
        ml.seeds = seeds
        if gated { ml.gate = [GateRule(metric: "f1", want: .higher)] }
        job.ml = ml
        return job
    }

    private static func plan(_ jobs: PlannedJob...) -> Plan {
        Plan(stages: ["test"], jobs: SeedExpansion(jobs, stages: ["test"]).expanded())
    }

    private static let whole = plan(
        job("features"), job("train", seeds: 2, needs: ["features"]),
        job("evaluate", seeds: 2, needs: ["train"], gated: true), job("card", seeds: 2, needs: ["train"]),
        job("deploy", needs: ["train", "evaluate"]))

    @Test("are joined seed by seed with what the judged job needs, and awaited by what needs them")
    func joined() throws {
        let more = try Self.whole.adding(seeds: 2, to: nil)
        #expect(more.judged == ["evaluate"] && more.count == 4)
        #expect(Array(more.plan.jobs.prefix(Self.whole.jobs.count)).map(\.name) == Self.whole.jobs.map(\.name))
        let new = more.plan.jobs.suffix(4)
        #expect(new.map(\.name) == ["train seed 3", "train seed 4", "evaluate seed 3", "evaluate seed 4"])
        let evaluate = try #require(more.plan.job(named: "evaluate seed 4"))
        #expect(evaluate.needs == [.init(job: "train seed 4")] && evaluate.seed == .init(node: "evaluate", number: 4))
        #expect(more.plan.job(named: "train seed 3")?.needs == [.init(job: "features")])
        let deploy = try #require(more.plan.job(named: "deploy")?.needs)
        #expect(deploy.count == 8)
        // One model ships, the declared seed's, however many there are.
        #expect(deploy.filter(\.artifacts).map(\.job) == ["train seed 1", "evaluate seed 1"])
        #expect(more.plan.jobs.count { $0.node == "card" } == 2)
    }

    @Test("of a job that another has more of already are not made twice, and a single seed can become several")
    func uneven() throws {
        let plan = Self.plan(Self.job("train", seeds: 5), Self.job("evaluate", seeds: 1, needs: ["train"], gated: true))
        let more = try plan.adding(seeds: 5, to: "train")
        #expect(more.plan.jobs.filter { $0.node == "train" }.count == 6)
        #expect(more.plan.jobs.filter { $0.node == "evaluate" }.map(\.name).last == "evaluate seed 6")
        #expect(more.plan.job(named: "evaluate seed 6")?.needs == [.init(job: "train seed 6")])
        #expect(more.plan.job(named: "evaluate seed 2")?.needs == [.init(job: "train seed 2")])
    }

    @Test("are refused where nothing is judged, where there are none, and past the limit")
    func refused() {
        func refusal(_ plan: Plan, _ count: Int = 1, to node: String? = nil) -> Plan.SeedRefusal? {
            do throws(Plan.SeedRefusal) {
                _ = try plan.adding(seeds: count, to: node)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(Self.plan(Self.job("train", seeds: 3))) == .notJudged(node: nil))
        #expect(refusal(Self.whole, to: "card") == .notJudged(node: "card"))
        #expect(refusal(Self.plan(Self.job("evaluate", gated: true))) == .noSeeds(node: "evaluate"))
        #expect(refusal(Self.whole, SeedExpansion.limit - 1) == .tooMany(node: "train"))
        #expect(refusal(Self.whole, SeedExpansion.limit - 2) == nil)
    }
}
