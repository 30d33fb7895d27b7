import PipelineModel
import Testing

@testable import Evaluation

@Suite("a gate's verdict")
struct GateJudgeTests {
    private func reports(_ values: [Double], of metric: String = "f1") -> [Int: MetricReport] {
        Dictionary(
            uniqueKeysWithValues: values.enumerated().map { ($0 + 1, MetricReport(metrics: [Metric(metric, $1)])) })
    }

    private let main = [0.812, 0.807, 0.815, 0.809, 0.811]
    private let this = [0.804, 0.801, 0.809, 0.799, 0.806]

    private func rule(_ tolerance: Double? = 0.002, want: GateRule.Want = .higher) -> GateRule {
        var rule = GateRule(metric: "f1", want: want)
        rule.tolerance = tolerance.map { .absolute($0) }
        return rule
    }

    private func verdict(
        _ values: [Double], _ baseline: [Double]?, _ rule: GateRule? = nil,
        change: (inout GateCase) -> Void = { _ in }
    ) -> MetricVerdict {
        var question = GateCase(rules: [rule ?? self.rule()], candidate: reports(values).mapValues { $0 })
        if let baseline {
            question.baseline = .init(
                .init(name: "main", commit: "3c1f9ab", pipeline: 117), reports: reports(baseline))
        }
        change(&question)
        return GateJudge(question).verdict().metrics[0]
    }

    @Test("a loss beyond what is allowed is worse, and the numbers say how sure that is")
    func worse() throws {
        let verdict = verdict(this, main)
        #expect(verdict.answer == .worse && verdict.isBlocking)
        let comparison = try #require(verdict.comparison)
        #expect(comparison.method == .paired && comparison.degreesOfFreedom == 4)
        #expect(abs(comparison.change + 0.007) < 1e-12)
        // (−0.007 + 0.002) / standard error, as SciPy has it.
        let error = try #require(comparison.standardError)
        #expect(abs(error - 0.0008944271909999161) < 1e-12)
        // t(0.05, 4) = 2.131846786326649 and t(0.025, 4) = 2.7764451051977987.
        let critical = try #require(comparison.critical)
        #expect(
            abs(
                critical
                    - (2.131846786326649 * 2.131846786326649 + 2.7764451051977987 * 2.7764451051977987).squareRoot())
                < 1e-9)
        #expect(abs(try #require(comparison.high) - (-0.007 + critical * error)) < 1e-12)
        let p = try #require(comparison.pValue)
        #expect(abs(p - 0.0025119991309765872) < 1e-12)
        #expect(try #require(comparison.detectable) > 0.004)
    }

    @Test("the other answers")
    func answers() {
        #expect(verdict([0.8123, 0.8068, 0.8149, 0.8092, 0.8109], main).answer == .noWorse)
        #expect(verdict([0.832, 0.829, 0.836, 0.830, 0.831], main).answer == .better)
        let doubtful = verdict([0.80, 0.82, 0.79, 0.83, 0.81], main)
        #expect(doubtful.answer == .inconclusive && !doubtful.isBlocking)
        let strict = verdict([0.80, 0.82, 0.79, 0.83, 0.81], main) { $0.settings.inconclusive = .block }
        #expect(strict.answer == .inconclusive && strict.isBlocking)
        let caught = verdict([0.80, 0.82, 0.79, 0.83, 0.81], main) { $0.mustShow = true }
        #expect(caught.isBlocking)
        #expect(verdict(this, nil).answer == .withinLimits)
        #expect(verdict(this, nil) { $0.settings.noBaseline = .block }.isBlocking)
    }

    @Test("lower can be better")
    func lower() {
        #expect(verdict(main, this, rule(want: .lower)).answer == .worse)
        #expect(verdict(this, main, rule(want: .lower)).answer == .better)
    }

    @Test("seeds that are not the same ones are compared as samples")
    func unpaired() {
        let verdict = verdict(this + [0.80], main)
        #expect(verdict.comparison?.method == .welch)
        #expect(verdict.answer == .inconclusive || verdict.answer == .worse)
    }

    @Test(
        "a number that is missing, none or infinite never passes", arguments: [nil, Double.nan, .infinity, -.infinity])
    func missing(value: Double?) {
        var candidate: [Int: MetricReport?] = reports(this).mapValues { $0 }
        candidate[3] = .some(value.map { MetricReport(metrics: [Metric("f1", $0)]) })
        var question = GateCase(rules: [rule()], candidate: candidate)
        question.baseline = .init(.init(name: "main", commit: "c", pipeline: 1), reports: reports(main))
        let verdict = GateJudge(question).verdict()
        #expect(verdict.answer == .missing && verdict.isBlocking)
        #expect(verdict.metrics[0].remark?.contains("at seed 3") == true)
        #expect(GateJudge(GateCase(rules: [rule()], candidate: [:])).verdict().isBlocking)
    }

    @Test("a baseline's number that is none is left out of account")
    func brokenBaseline() { #expect(verdict(this, [.nan, .nan]).answer == .withinLimits) }

    @Test("limits are held by the mean, with a baseline or without")
    func limits() {
        var limited = rule(nil)
        limited.min = 0.805
        let verdict = verdict(this, nil, limited)
        #expect(verdict.answer == .worse && verdict.isBlocking && verdict.brokenLimit == "min 0.8050")
        limited.min = 0.8
        limited.max = 0.81
        #expect(self.verdict(this, nil, limited).answer == .withinLimits)
    }

    @Test("one seed is a hint: it warns, and blocks when told to")
    func single() {
        let hint = verdict([0.80], [0.81])
        #expect(hint.answer == .worse && !hint.isBlocking && hint.comparison?.method == .single)
        #expect(verdict([0.80], [0.81]) { $0.settings.oneSeed = .block }.isBlocking)
        #expect(verdict([0.81], [0.81]).answer == .noWorse)
        #expect(verdict([0.82], [0.81]).answer == .inconclusive)
        // Exactly as much as is allowed is allowed.
        #expect(verdict([0.808], [0.81]).answer == .inconclusive)
    }

    @Test("where nothing varies, the numbers decide by themselves, ties for the change")
    func noVariance() {
        #expect(verdict([0.8, 0.8, 0.8], [0.8, 0.8, 0.8]).answer == .noWorse)
        #expect(verdict([0.798, 0.798], [0.8, 0.8]).answer == .noWorse)
        #expect(verdict([0.7979, 0.7979], [0.8, 0.8]).answer == .worse)
        #expect(verdict([0.81, 0.81], [0.8, 0.8]).answer == .better)
        // A change by the same amount at each seed, but for rounding.
        #expect(verdict(main.map { $0 - 0.002 }, main).answer == .noWorse)
        #expect(verdict(main.map { $0 - 0.0021 }, main).answer == .worse)
    }

    @Test("a fixed value has no luck of its own")
    func fixed() throws {
        var rule = rule()
        rule.baseline = 0.8108
        let verdict = verdict(this, nil, rule)
        #expect(verdict.comparison?.method == .fixed && verdict.baselineMean == 0.8108)
        let critical = try #require(verdict.comparison?.critical)
        #expect(abs(critical - 2.7764451051977987) < 1e-9)
    }

    @Test("a share of the baseline can be allowed")
    func relative() {
        var rule = rule()
        rule.tolerance = .relative(0.01)
        let verdict = verdict(this, main, rule)
        #expect(abs((verdict.comparison?.allowed ?? 0) - 0.008108) < 1e-12)
        #expect(verdict.answer != .worse)
    }

    @Test("every look and every further metric asks for more")
    func spending() throws {
        let budget = ErrorBudget(alpha: 0.05, metrics: 3)
        let spent = (1...10_000).reduce(0) { $0 + budget.share(look: $1) } * 3
        #expect(spent < 0.05 && spent > 0.0499)
        let first = try #require(verdict(this, main).comparison?.critical)
        let second = try #require(verdict(this, main) { $0.look = 2 }.comparison?.critical)
        #expect(second > first)
    }

    @Test("doubt says how many more seeds may decide")
    func moreSeeds() throws {
        let doubtful = verdict([0.806, 0.803, 0.813, 0.802, 0.808], main)
        #expect(doubtful.answer == .inconclusive)
        #expect((1...100).contains(try #require(doubtful.comparison?.moreSeeds)))
    }

    @Test("the ratchet counts from the last release, and holds doubts back")
    func ratchet() throws {
        var rule = rule(0.01)
        rule.ratchet = 0.02
        func judged(_ values: [Double], since release: [Double]) -> MetricVerdict {
            verdict(values, values.map { $0 + 0.0001 }, rule) {
                $0.release = .init(.init(name: "v1.4", commit: "r", pipeline: 9), reports: reports(release))
            }
        }
        let fine = judged(this, since: main)
        #expect(fine.answer == .noWorse && fine.ratchet?.holds == true)
        #expect(abs((fine.ratchet?.loss ?? 0) - 0.007) < 1e-12)
        let crept = judged(this.map { $0 - 0.02 }, since: main)
        #expect(crept.answer == .worse && crept.isBlocking && crept.ratchet?.holds == false)
        let near = judged(this.map { $0 - 0.01 }, since: main)
        #expect(near.answer == .inconclusive && near.isBlocking)
    }

    @Test("the whole is as bad as its worst metric, and better by one")
    func whole() {
        func reports(_ f1: [Double], _ auc: [Double]) -> [Int: MetricReport] {
            Dictionary(
                uniqueKeysWithValues: f1.indices.map {
                    ($0 + 1, MetricReport(metrics: [Metric("f1", f1[$0]), Metric("auc", auc[$0])]))
                })
        }
        let rules = [
            rule(),
            {
                var auc = rule(); auc.metric = "auc"; return auc
            }(),
        ]
        func answer(_ f1: [Double], _ auc: [Double]) -> Verdict.Answer {
            GateJudge(GateCase(reports(f1, auc), against: reports(main, main), rules: rules)).verdict().answer
        }
        let better = main.enumerated().map { $1 + 0.02 + 0.0001 * Double($0) }
        #expect(answer(better, main) == .better)
        #expect(answer(better, this) == .worse)
        #expect(answer(main, main) == .noWorse)
    }
}
