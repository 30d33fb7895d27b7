import Foundation
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("judging", .timeLimit(.minutes(4)))
struct JudgingTests {
    private let main: [Double?] = [0.812, 0.807, 0.815, 0.809, 0.811]
    private let worse: [Double?] = [0.804, 0.801, 0.809, 0.799, 0.806]
    private let same: [Double?] = [0.8123, 0.8068, 0.8149, 0.8092, 0.8109]

    @Test("a pull request that is worse fails by its gate, and what needs it is not run")
    func worsePullRequest() async throws {
        let bench = try await JudgingBench()
        let base = try await bench.run(.main("a1"), main)
        #expect(try await bench.verdict(of: base).answer == .withinLimits)
        #expect(try await bench.state("deploy", of: base) == .ready)
        let id = try await bench.run(.pull(42, "b1", after: ["a1", "a0"]), worse)
        let verdict = try await bench.verdict(of: id)
        #expect(verdict.answer == .worse && verdict.look == 1)
        #expect(verdict.baseline == BaselineReference(name: "main", commit: "a1", pipeline: base))
        for seed in 1...5 { #expect(try await bench.state("evaluate seed \(seed)", of: id) == .failed) }
        #expect(try await bench.state("deploy", of: id) == .notRun)
        let detail = try #require(try await bench.store.pipeline(id))
        #expect(detail.pipeline.state == .failed && detail.jobs[0].failure?.class == .gate)
        let words = "f1 0.8038, main 0.8108: worse by 0.0070, 0.0020 allowed (5 seeds)"
        let told = try await bench.statuses("pawl/pr/gate", of: id)
        #expect(told.map(\.state) == [.pending, .failure] && told.last?.text == words)
        #expect(try await bench.statuses("pawl/pr/evaluate", of: id).last?.text == words)
    }

    @Test("one that is no worse passes, and its gate is told as well")
    func noWorse() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        let id = try await bench.run(.pull(42, "b1", after: ["a1"]), same)
        #expect(try await bench.verdict(of: id).answer == .noWorse)
        #expect(try await bench.state("evaluate seed 3", of: id) == .passed)
        #expect(try await bench.state("deploy", of: id) == .ready)
        #expect(
            try await bench.statuses("pawl/pr/gate", of: id).last?.text
                == "no metric is worse than on main (1 metric, 5 seeds)")
    }

    @Test("the baseline is the nearest commit before the change whose results were accepted")
    func nearest() async throws {
        let bench = try await JudgingBench()
        let old = try await bench.run(.main("a1"), main)
        // Later commits of main: one that its gate did not take, one that is no ancestor, one of another branch.
        try await bench.run(.main("a2", after: ["a1"]), worse)
        try await bench.run(.main("x1"), same)
        try await bench.run(JudgingBench.Place(commit: "a3", ref: "refs/heads/other", after: ["a1"]), same)
        let id = try await bench.run(.pull(42, "b1", after: ["a3", "a2", "a1"]), same)
        #expect(try await bench.verdict(of: id).baseline?.pipeline == old)
    }

    @Test("pushing again spends more of the chance to be wrong, and doubt no longer passes once a loss was sure")
    func again() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        try await bench.run(.pull(42, "b1", after: ["a1"]), worse)
        let doubt: [Double?] = [0.80, 0.82, 0.79, 0.83, 0.81]
        let second = try await bench.run(.pull(42, "b2", after: ["a1"]), doubt)
        let verdict = try await bench.verdict(of: second)
        #expect(verdict.look == 2 && verdict.mustShow && verdict.answer == .inconclusive && verdict.isBlocking)
        #expect(try await bench.state("evaluate seed 1", of: second) == .failed)
        // Another pull request has nothing to do with it.
        let other = try await bench.run(.pull(43, "c1", after: ["a1"]), doubt)
        #expect(try await bench.verdict(of: other).look == 1)
        #expect(try await bench.verdict(of: other).isBlocking == false)
        // Who shows that it is no worse is free again.
        let third = try await bench.run(.pull(42, "b3", after: ["a1"]), main)
        #expect(try await bench.verdict(of: third).answer == .noWorse)
        let fourth = try await bench.run(.pull(42, "b4", after: ["a1"]), doubt)
        #expect(try await bench.verdict(of: fourth).mustShow == false)
    }

    @Test("a seed that failed by itself is missing, and when it has been run again all are judged once more")
    func failedSeed() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        var values = same
        values[2] = nil
        let id = try await bench.run(.pull(42, "b1", after: ["a1"]), values)
        #expect(try await bench.verdict(of: id).answer == .missing)
        #expect(try await bench.state("evaluate seed 1", of: id) == .failed)
        let third = try #require(try await bench.store.job(named: "evaluate seed 3", of: id))
        #expect(third.failure?.class == .script)
        try await bench.store.retry(third.id, by: "ines", now: JudgingBench.now)
        #expect(try await bench.statuses("pawl/pr/gate", of: id).last?.state == .pending)
        try await bench.carryOut([same[2]])
        await bench.judging.judgeAll()
        #expect(try await bench.verdict(of: id).answer == .noWorse)
        for seed in 1...5 { #expect(try await bench.state("evaluate seed \(seed)", of: id) == .passed) }
    }

    @Test("a seed that has counted is not exchanged for a luckier one")
    func noExchange() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        let id = try await bench.run(.pull(42, "b1", after: ["a1"]), worse)
        for seed in 1...5 {
            let job = try #require(try await bench.store.job(named: "evaluate seed \(seed)", of: id))
            try await bench.store.retry(job.id, by: "ines", now: JudgingBench.now)
            try await bench.carryOut([0.9])
        }
        await bench.judging.judgeAll()
        let verdict = try await bench.verdict(of: id)
        #expect(verdict.answer == .worse && verdict.metrics[0].values.map(\.value.number) == worse.compactMap { $0 })
        #expect(try await bench.state("evaluate seed 1", of: id) == .failed)
    }

    @Test("a change that takes the gate away, or runs fewer seeds, does not get past it")
    func ownRules() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        let target = JudgingBench.plan(seeds: 5)
        var gone = JudgingBench.plan(seeds: 1, after: ["a1"]) { $0.name = "other" }
        gone.lay(gatesOf: target)
        #expect(gone.ground?.changes == ["evaluate and its gate are gone"])
        let first = try await bench.make(.pull(42, "b1", after: ["a1"]), plan: gone)
        let told = try await bench.statuses("pawl/pr/gate", of: first)
        #expect(told.last?.state == .failure)
        #expect(told.last?.text == "evaluate, which main judges, is not run here")

        var loose = JudgingBench.plan(seeds: 1, after: ["a1"]) {
            $0.ml?.gate[0].tolerance = .absolute(0.5)
            $0.allowFailure = .always
            $0.retry = .init(limit: 2)
        }
        loose.lay(gatesOf: target)
        #expect(
            loose.ground?.changes == [
                "evaluate: f1 higher, 0.002 allowed → higher, 0.5 allowed", "evaluate: 5 → 1 seeds",
                "evaluate: whether it may fail", "evaluate: how often it is tried again",
            ])
        #expect(loose.jobs[0].allowFailure == .never && loose.jobs[0].retry.limit == 0)
        #expect(loose.jobs[0].ml?.gate == target.jobs[0].ml?.gate)
        let second = try await bench.make(.pull(43, "b2", after: ["a1"]), plan: loose)
        // The other pipeline's jobs wait as well.
        try await bench.store.cancelPipeline(first, because: "test", by: "test", now: JudgingBench.now)
        try await bench.carryOut([0.9])
        await bench.judging.judgeAll()
        let verdict = try await bench.verdict(of: second)
        #expect(verdict.answer == .missing && verdict.metrics[0].remark == "no f1 was reported at seed 2")
    }

    @Test("where nothing is judged a pull request is told so, in a repository that uses gates")
    func nothingJudged() async throws {
        let bench = try await JudgingBench()
        var plain = Plan(stages: ["test"], jobs: [PlannedJob(name: "lint", stage: "test", script: ["true"])])
        let before = try await bench.make(.pull(1, "b1", after: []), plan: plain)
        #expect(try await bench.statuses("pawl/pr/gate", of: before).isEmpty)
        try await bench.store.cancelPipeline(before, because: "test", by: "test", now: JudgingBench.now)
        try await bench.run(.main("a1"), main)
        plain.warnings = []
        let after = try await bench.make(.pull(2, "b2", after: ["a1"]), plan: plain)
        let told = try await bench.statuses("pawl/pr/gate", of: after)
        #expect(told.map(\.state) == [.success] && told[0].text == "nothing here is judged")
    }

    @Test("what a gate failed is not retried as if it were an accident")
    func retry() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        let id = try await bench.run(.pull(42, "b1", after: ["a1"]), worse)
        let job = try #require(try await bench.store.job(named: "evaluate seed 1", of: id))
        let error = await #expect(throws: StoreError.self) {
            try await bench.store.retry(job.id, anyway: false, by: "ines", now: JudgingBench.now)
        }
        #expect(error?.code == .refused && error?.message.contains("--anyway") == true)
        await #expect(throws: StoreError.self) {
            try await bench.store.retryFailed(id, by: "ines", now: JudgingBench.now)
        }
        try await bench.store.retry(job.id, anyway: true, by: "ines", now: JudgingBench.now)
    }

    @Test("a person may let it pass; name and reason stay, and what waited for it runs")
    func override() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), main)
        let id = try await bench.run(.pull(42, "b1", after: ["a1"]), worse)
        try await bench.store.overrideGate(
            of: id, reason: "hotfix, retrain tonight", by: "ines", now: JudgingBench.now)
        #expect(try await bench.state("evaluate seed 1", of: id) == .passed)
        #expect(try await bench.state("deploy", of: id) == .ready)
        let told = try await bench.statuses("pawl/pr/gate", of: id).last
        #expect(told?.state == .success && told?.text == "allowed by ines: hotfix, retrain tonight")
        let detail = try #require(try await bench.store.pipeline(id))
        #expect(detail.override?.person == "ines" && detail.verdicts.first?.verdict.answer == .worse)
        // What is judged afterwards stands by itself.
        let job = try #require(try await bench.store.job(named: "evaluate seed 1", of: id))
        try await bench.store.retry(job.id, by: "ines", now: JudgingBench.now)
        try await bench.carryOut([0.9])
        await bench.judging.judgeAll()
        #expect(try #require(try await bench.store.pipeline(id)).override == nil)
        #expect(try await bench.state("evaluate seed 2", of: id) == .failed)
        let fine = try await bench.run(.pull(43, "c1", after: ["a1"]), same)
        await #expect(throws: StoreError.self) {
            try await bench.store.overrideGate(of: fine, reason: "no need", by: "ines", now: JudgingBench.now)
        }
    }

    @Test("what waits to be judged is judged after a restart, once")
    func restart() async throws {
        let bench = try await JudgingBench()
        let id = try await bench.make(.main("a1"), plan: JudgingBench.plan(seeds: 2))
        try await bench.carryOut([0.8, 0.81])
        #expect(try await bench.state("evaluate seed 1", of: id) == .judging)
        let seen = try await bench.store.judgingCases(of: id)
        await bench.judging.judgeAll()
        #expect(try await bench.state("evaluate seed 1", of: id) == .passed)
        // One that was read before is late, and changes nothing.
        let late = try #require(seen.first)
        let verdict = JudgingService.verdict(on: late)
        #expect(try await bench.store.record(verdict, words: "late", for: late, now: JudgingBench.now) == false)
        #expect(try await bench.store.verdicts(of: id).count == 1)
    }

    @Test("the ratchet counts from the last release that Pawl was told of")
    func ratchet() async throws {
        let bench = try await JudgingBench()
        func held(_ job: inout PlannedJob) {
            job.ml?.gate[0].ratchet = 0.02; job.ml?.gate[0].tolerance = .absolute(0.02)
        }
        let released = try await bench.run(.main("a1"), main, change: held)
        _ = try await bench.make(
            JudgingBench.Place(commit: "a1", ref: "refs/tags/v1.4", source: .tag),
            plan: Plan(stages: [], jobs: []))
        let id = try await bench.run(
            .pull(42, "b1", after: ["a1"]), worse.map { $0.map { $0 - 0.03 } }, change: held)
        let verdict = try await bench.verdict(of: id)
        #expect(verdict.release == BaselineReference(name: "v1.4", commit: "a1", pipeline: released))
        #expect(verdict.metrics[0].ratchet?.holds == false && verdict.isBlocking)
    }
}
