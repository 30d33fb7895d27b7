import Logging
import NIOConcurrencyHelpers
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("What a change is compared with where the branch has nothing, or a version is named", .timeLimit(.minutes(4)))
struct BaselineTests {
    private static let main: [Double?] = [0.812, 0.807, 0.815]
    private static let worse: [Double?] = [0.70, 0.71, 0.69]

    private static func trains(_ job: inout PlannedJob) { job.ml?.judge = JudgeSettings(noBaseline: .train) }

    /// A judge that has baselines planned as a test says; the commits that were asked for.
    private static func judge(
        _ bench: JudgingBench, planning: @escaping @Sendable () -> NewPipeline.Planning
    ) -> (service: JudgingService, asked: NIOLockedValueBox<[String]>) {
        let asked = NIOLockedValueBox<[String]>([])
        let service = JudgingService(
            store: bench.store,
            baselines: { _, commit, branch, repository in
                asked.withLockedValue { $0.append(commit) }
                return NewPipeline(
                    repository: repository.id, source: .baseline, ref: "refs/heads/\(branch)", commit: commit,
                    trust: PipelineTrust(isProtected: true, isFork: false), planning: planning())
            }, now: { JudgingBench.now }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return (service, asked)
    }

    @Test("it is trained once where the change left the branch, and every change from there is compared with it")
    func trained() async throws {
        let bench = try await JudgingBench()
        let plan = JudgingBench.plan(seeds: 3, change: Self.trains).only(what: ["evaluate"])
        #expect(plan.jobs.map(\.node) == ["evaluate", "evaluate", "evaluate"])
        let (service, asked) = Self.judge(bench) { .planned(plan) }
        func propose(_ number: Int64) async throws -> PipelineID {
            let place = JudgingBench.Place.pull(number, "b\(number)", after: ["a2", "a1"])
            let id = try await bench.make(
                place, plan: JudgingBench.plan(seeds: 3, after: place.after, change: Self.trains))
            try await bench.carryOut(Self.worse)
            return id
        }
        let first = try await propose(1)
        let second = try await propose(2)
        for _ in 1...3 { await service.judgeAll() }
        #expect(asked.withLockedValue(\.self) == ["a2"])
        // Nobody is judged while it is under way.
        #expect(try await bench.state("evaluate seed 1", of: first) == .judging)
        let seen = bench.store.judgingReady.count
        try await bench.carryOut(Self.main)
        await service.judgeAll()
        #expect(bench.store.judgingReady.count > seen, "its end wakes who waits for it")
        await service.judgeAll()
        for id in [first, second] {
            let verdict = try await bench.verdict(of: id)
            #expect(verdict.answer == .worse && verdict.baseline?.commit == "a2")
        }
        #expect(asked.withLockedValue(\.self) == ["a2"])
    }

    @Test("where that is not planned, or fails, the limits alone are held")
    func fails() async throws {
        let bench = try await JudgingBench()
        let (service, asked) = Self.judge(bench) { .notPlanned(reason: "no pipeline file", diagnostics: []) }
        let place = JudgingBench.Place.pull(1, "b1", after: ["a1"])
        let id = try await bench.make(place, plan: JudgingBench.plan(seeds: 3, after: ["a1"], change: Self.trains))
        try await bench.carryOut(Self.worse)
        for _ in 1...2 { await service.judgeAll() }
        #expect(try await bench.verdict(of: id).answer == .withinLimits)
        #expect(asked.withLockedValue(\.self) == ["a1"])
    }

    @Test("a version is the tag's commit, whatever the branch has since")
    func version() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), [0.90, 0.91, 0.92])
        _ = try await bench.make(
            JudgingBench.Place(commit: "a1", ref: "refs/tags/churn@v1.0.0", source: .tag),
            plan: Plan(stages: [], jobs: []))
        try await bench.run(.main("a2", after: ["a1"]), Self.main)
        func named(_ tag: String) -> (inout PlannedJob) -> Void {
            {
                var judge = JudgeSettings()
                judge.version = tag
                $0.ml?.judge = judge
            }
        }
        let id = try await bench.run(
            .pull(1, "b1", after: ["a2", "a1"]), Self.main, change: named("churn@v1.0.0"))
        let verdict = try await bench.verdict(of: id)
        #expect(verdict.answer == .worse)
        #expect(verdict.baseline.map { [$0.name, $0.commit] } == ["churn@v1.0.0", "a1"])
        let other = try await bench.run(.pull(2, "b2", after: ["a2", "a1"]), Self.main, change: named("churn@v9"))
        #expect(try await bench.verdict(of: other).answer == .withinLimits)
    }
}
