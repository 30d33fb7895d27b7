import PipelineModel
import TestSupport
import Testing

@testable import Evaluation

/// What the gate promises, tried on models whose truth is known. `PAWL_SIMULATIONS=50 swift test -c release --filter
/// GateSimulations` tries fifty times as many.
@Suite("simulations of the gate")
struct GateSimulationTests {
    private static func rules(_ metrics: Int, tolerance: Double? = nil, ratchet: Double? = nil) -> [GateRule] {
        (0..<metrics).map {
            var rule = GateRule(metric: "m\($0)", want: .higher)
            rule.tolerance = tolerance.map { .absolute($0) }
            rule.ratchet = ratchet
            return rule
        }
    }

    private static func model(_ metrics: Int, loss: Double = 0, shared: Double = 0) -> Model {
        let means = (0..<metrics).map { ("m\($0)", 0.8 - loss) }
        return Model(means: Dictionary(uniqueKeysWithValues: means), shared: shared)
    }

    private static func luck(_ seeds: ClosedRange<Int>, _ draws: inout SeededGenerator) -> [Int: Double] {
        var luck: [Int: Double] = [:]
        for seed in seeds { luck[seed] = draws.normal() }
        return luck
    }

    @Test(
        "of identical models no more than one in twenty is blocked, over all baselines",
        arguments: [(1, 0.0), (3, 0.0), (1, 0.7)])
    func falseBlocks(metrics: Int, shared: Double) {
        var draws = SeededGenerator(seed: 1)
        let tries = 400 * Simulation.scale
        let model = Self.model(metrics, shared: shared)
        var blocked = 0
        for _ in 0..<tries {
            let luck = Self.luck(1...5, &draws)
            let question = GateCase(
                model.run(luck: luck, &draws), against: model.run(luck: luck, &draws), rules: Self.rules(metrics))
            if GateJudge(question).verdict().answer == .worse { blocked += 1 }
        }
        #expect(blocked <= Simulation.most(tries, 0.05))
    }

    @Test(
        "of the stored baselines no more than one in twenty blocks identical models more often than that",
        arguments: [0.0, 0.5])
    func storedBaselines(shared: Double) {
        var draws = SeededGenerator(seed: 2)
        let (baselines, tries) = (60 * Simulation.scale, 60)
        let model = Self.model(1, shared: shared)
        var unlucky = 0
        for _ in 0..<baselines {
            let luck = Self.luck(1...5, &draws)
            let baseline = model.run(luck: luck, &draws)
            var blocked = 0
            for _ in 0..<tries {
                let question = GateCase(model.run(luck: luck, &draws), against: baseline, rules: Self.rules(1))
                if GateJudge(question).verdict().answer == .worse { blocked += 1 }
            }
            // Of a baseline that blocks one in twenty, so few tries show more than this about once in a hundred times.
            if blocked > 8 { unlucky += 1 }
        }
        #expect(unlucky <= Simulation.most(baselines, 0.05))
    }

    @Test("pushing again and again, an identical model is not blocked more often in all")
    func repeatedPushes() {
        var draws = SeededGenerator(seed: 3)
        let tries = 100 * Simulation.scale
        let model = Self.model(1)
        var blocked = 0
        for _ in 0..<tries {
            let baseline = model.run(&draws)
            let isEverBlocked = (1...8).contains { look in
                let question = GateCase(model.run(&draws), against: baseline, rules: Self.rules(1), look: look)
                return GateJudge(question).verdict().answer == .worse
            }
            if isEverBlocked { blocked += 1 }
        }
        #expect(blocked <= Simulation.most(tries, 0.05))
    }

    @Test("a loss of the size that the verdict names is found about 8 times in 10")
    func power() throws {
        var draws = SeededGenerator(seed: 4)
        let tries = 200 * Simulation.scale
        // What it names depends on the spread it sees; this is what it is for the true one, on either side of it.
        let critical = ErrorBudget(alpha: 0.05, metrics: 1).critical(look: 1, dof: 8, isBaselineLucky: true)
        let error = 0.01 * (2.0 / 5).squareRoot()
        let size = error * NoncentralT.noncentrality(exceeding: critical, dof: 8, chance: 0.8)
        func found(_ loss: Double) -> Double {
            var count = 0
            for _ in 0..<tries {
                let question = GateCase(
                    Self.model(1, loss: loss).run(seeds: 11...15, &draws), against: Self.model(1).run(&draws),
                    rules: Self.rules(1))
                if GateJudge(question).verdict().answer == .worse { count += 1 }
            }
            return Double(count) / Double(tries)
        }
        #expect((0.68...0.9).contains(found(size)))
        #expect(found(size * 1.6) > 0.93)
        #expect(found(size / 3) < 0.35)
    }

    /// Whether a change is merged within so many pushes, each with seeds of its own, as a server judges them one after the
    /// other: once a look was sure of a loss, only one that is sure of none passes.
    private static func isMerged(
        loss: Double, pushes: Int, addsSeeds: Bool = false, baseline: [Int: MetricReport],
        _ draws: inout SeededGenerator
    ) -> Bool {
        var mustShow = false
        var reports: [Int: MetricReport] = [:]
        for look in 1...pushes {
            // Seeds that counted stay where some are added; a new push has others.
            let first = look * 10 + 1
            let fresh = model(1, loss: loss).run(seeds: first...(first + 4), &draws)
            reports = addsSeeds ? reports.merging(fresh) { known, _ in known } : fresh
            var question = GateCase(reports, against: baseline, rules: rules(1, tolerance: 0.002), look: look)
            question.mustShow = mustShow
            let verdict = GateJudge(question).verdict()
            if !verdict.isBlocking { return true }
            if verdict.answer == .worse { mustShow = true }
        }
        return false
    }

    @Test("pushing again, and adding seeds, until a worse model passes gains nothing", arguments: [false, true])
    func tryingAgain(addsSeeds: Bool) {
        var draws = SeededGenerator(seed: 6)
        let tries = 150 * Simulation.scale
        // A loss that one push is caught with about half of the time.
        let loss = 0.018
        var (once, again) = (0, 0)
        for _ in 0..<tries {
            let baseline = Self.model(1).run(&draws)
            if Self.isMerged(loss: loss, pushes: 1, baseline: baseline, &draws) { once += 1 }
            if Self.isMerged(loss: loss, pushes: 6, addsSeeds: addsSeeds, baseline: baseline, &draws) { again += 1 }
        }
        let deviation = (Double(2 * tries) * 0.25).squareRoot()
        #expect(once > tries / 10 && once < tries * 9 / 10)
        #expect(Double(again) <= Double(once) + 3 * deviation + 0.05 * Double(tries))
    }

    @Test("numbers that are made to spread do not pass where doubt blocks, nor do numbers that are all the same")
    func spread() {
        var draws = SeededGenerator(seed: 7)
        var settings = JudgeSettings()
        settings.inconclusive = .block
        let tries = 50 * Simulation.scale
        var passed = 0
        for _ in 0..<tries {
            let baseline = Self.model(1).run(&draws)
            var noisy = Self.model(1, loss: 0.05)
            noisy.deviation = 0.2
            let spread = GateCase(
                noisy.run(seeds: 11...15, &draws), against: baseline, rules: Self.rules(1, tolerance: 0.002),
                settings: settings)
            if !GateJudge(spread).verdict().isBlocking { passed += 1 }
            var still = Self.model(1, loss: 0.05)
            still.deviation = 0
            let same = GateCase(
                still.run(seeds: 11...15, &draws), against: baseline, rules: Self.rules(1, tolerance: 0.002))
            #expect(GateJudge(same).verdict().isBlocking)
        }
        #expect(passed <= Simulation.most(tries, 0.05))
    }

    @Test("a hundred merges that each lose a little stay within the ratchet's budget")
    func creep() {
        var draws = SeededGenerator(seed: 5)
        let runs = 10 * Simulation.scale
        let budget = 0.04
        var beyond = 0
        for _ in 0..<runs {
            var lost = 0.0
            let release = Self.model(1).run(&draws)
            var history: [AcceptedResults] = []
            var main = release
            for merge in 1...100 {
                let candidate = Self.model(1, loss: lost + 0.004).run(seeds: 11...15, &draws)
                var question = GateCase(
                    candidate, against: main, rules: Self.rules(1, tolerance: 0.005, ratchet: budget))
                question.release = .init(.init(name: "v1", commit: "r", pipeline: 1), reports: release)
                question.history = Array(history.suffix(20))
                question.releaseLook = merge
                guard !GateJudge(question).verdict().isBlocking else { continue }
                lost += 0.004
                main = candidate
                history.append(.init(.init(name: "main", commit: "m", pipeline: 1), reports: candidate))
            }
            if lost > budget { beyond += 1 }
        }
        #expect(beyond <= Simulation.most(runs, 0.05))
    }
}
