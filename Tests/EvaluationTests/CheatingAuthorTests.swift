import PipelineModel
import TestSupport
import Testing

@testable import Evaluation

/// Authors whose model is worse by more than is allowed, and who know it, against a gate whose doubts block. What they try
/// with the pipeline file, with retries and with many small losses is tried with a whole server, and in the simulations.
@Suite("authors who try to get a worse model past the gate")
struct CheatingAuthorTests {
    /// What an author does about a model that is worse.
    enum Way: CaseIterable {
        case pushingAgain, addingSeeds, addingOneSeedAtATime, pushingAndAdding
        case numbersThatSpread, oneWildSeed, numbersThatNeverVary
        case noNumberWhereItIsBad, infinity, theBestSeedsAlone, anotherName
    }

    private static let loss = 0.018
    private static let looks = 6

    @Test("each of these ways gets it in at most one time in twenty", arguments: Way.allCases)
    func gainsNothing(way: Way) {
        var draws = SeededGenerator(seed: 8)
        let tries = 40 * Simulation.scale
        var merged = 0
        for _ in 0..<tries {
            let baseline = Model(means: ["m": 0.8]).run(&draws)
            if Self.isMerged(way, against: baseline, &draws) { merged += 1 }
        }
        #expect(merged <= Simulation.most(tries, 0.05))
    }

    @Test("the same gate lets a model in that is clearly better", arguments: [Way.pushingAgain, .addingSeeds])
    func letsIn(way: Way) {
        var draws = SeededGenerator(seed: 9)
        let tries = 40 * Simulation.scale
        var merged = 0
        for _ in 0..<tries {
            let baseline = Model(means: ["m": 0.8]).run(&draws)
            if Self.isMerged(way, loss: -2 * Self.loss, against: baseline, &draws) { merged += 1 }
        }
        #expect(merged > tries * 9 / 10)
    }

    /// Whether the change gets in within so many looks, as a server judges them one after the other.
    private static func isMerged(
        _ way: Way, loss: Double = loss, against baseline: [Int: MetricReport], _ draws: inout SeededGenerator
    ) -> Bool {
        var reports: [Int: MetricReport?] = [:]
        var mustShow = false
        for look in 1...looks {
            reports = next(way, look: look, after: reports, loss: loss, &draws)
            var rule = GateRule(metric: "m", want: .higher)
            rule.tolerance = .absolute(0.002)
            var settings = JudgeSettings()
            settings.inconclusive = .block
            settings.oneSeed = .block
            var question = GateCase(rules: [rule], settings: settings, candidate: reports)
            question.baseline = .init(.init(name: "main", commit: "3c1f9ab", pipeline: 117), reports: baseline)
            question.look = look
            question.mustShow = mustShow
            let verdict = GateJudge(question).verdict()
            if !verdict.isBlocking { return true }
            if verdict.answer == .worse { mustShow = true }
        }
        return false
    }

    /// What the seeds reported when the gate looks once more.
    private static func next(
        _ way: Way, look: Int, after earlier: [Int: MetricReport?], loss: Double, _ draws: inout SeededGenerator
    ) -> [Int: MetricReport?] {
        var model = Model(means: ["m": 0.8 - loss])
        func run(_ seeds: ClosedRange<Int>) -> [Int: MetricReport?] { model.run(seeds: seeds, &draws).mapValues { $0 } }
        func added(_ count: Int) -> [Int: MetricReport?] {
            let first = (earlier.keys.max() ?? 0) + 1
            return earlier.merging(run(first...(first + count - 1))) { known, _ in known }
        }
        switch way {
        case .pushingAgain: return run(1...5)
        case .addingSeeds: return added(5)
        case .addingOneSeedAtATime: return look == 1 ? run(1...5) : added(1)
        case .pushingAndAdding: return look.isMultiple(of: 2) ? added(5) : run(1...5)
        case .numbersThatSpread:
            model.deviation = 0.2
            return run(1...5)
        case .numbersThatNeverVary:
            model.deviation = 0
            return run(1...5)
        case .oneWildSeed: return run(1...5).merging([3: report(0.95)]) { _, wild in wild }
        case .noNumberWhereItIsBad: return run(1...5).mapValues { Self.number($0) < 0.8 ? report(.nan) : $0 }
        case .infinity: return run(1...5).merging([3: report(.infinity)]) { _, wild in wild }
        case .theBestSeedsAlone: return run(1...5).mapValues { Self.number($0) < 0.79 ? nil : $0 }
        case .anotherName:
            return run(1...5).mapValues { MetricReport(metrics: [Metric("M", Self.number($0) + 1)]) }
        }
    }

    private static func report(_ value: Double) -> MetricReport? { MetricReport(metrics: [Metric("m", value)]) }

    private static func number(_ report: MetricReport?) -> Double { report?.value(of: "m")?.number ?? 0 }
}
