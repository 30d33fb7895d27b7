import Testing

@testable import Evaluation

@Suite("statistics")
struct StatisticsTests {
    private let main = [0.812, 0.807, 0.815, 0.809, 0.811]
    private let this = [0.804, 0.801, 0.809, 0.799, 0.806]

    private func isClose(_ value: Double, _ expected: Double) -> Bool {
        abs(value - expected) <= 1e-9 * max(abs(expected), 1e-3)
    }

    @Test("Welch's test, the paired test and the rank test agree with SciPy's")
    func vectors() {
        let welch = Comparison(this, against: main)
        #expect(isClose(welch.statistic(against: 0), -3.1367750046375606))
        #expect(isClose(welch.degreesOfFreedom, 7.48962643070693))
        #expect(isClose(welch.lowerTail(against: 0), 0.007540928437718166))
        let paired = Comparison(pairing: this, with: main)
        #expect(isClose(paired.statistic(against: 0), -7.826237921249184))
        #expect(isClose(paired.lowerTail(against: 0), 0.0007195448129235231))
        let ranks = RankTest(this, against: main)
        #expect(ranks.statistic == 1.5)
        #expect(isClose(ranks.lowerTail, 0.0139014812173246))
    }

    @Test("quantiles are the tails' inverse, far out as well")
    func quantiles() {
        for dof in [1.0, 1.7, 4, 7.4896, 30, 500] {
            for chance in [1e-12, 1e-6, 0.001, 0.05, 0.3, 0.5, 0.8, 0.999] {
                let t = StudentT.upperQuantile(chance, dof: dof)
                #expect(isClose(StudentT.upperTail(t, dof: dof) / chance, 1), "\(dof) \(chance)")
            }
        }
        #expect(isClose(StudentT.upperQuantile(0.05, dof: 4), 2.131846786326649))
        #expect(isClose(Normal.upperQuantile(0.025), 1.959963984540054))
        #expect(isClose(Normal.upperQuantile(1e-10), 6.361340902404056))
    }

    @Test("where the noncentrality is 0 the noncentral distribution is the central one")
    func noncentral() {
        for dof in [2.0, 4, 8, 50] {
            #expect(abs(NoncentralT.upperTail(2, dof: dof, noncentrality: 0) - StudentT.upperTail(2, dof: dof)) < 1e-8)
        }
        let needed = NoncentralT.noncentrality(exceeding: 3, dof: 8, chance: 0.8)
        #expect(abs(NoncentralT.upperTail(3, dof: 8, noncentrality: needed) - 0.8) < 1e-8)
    }

    @Test("where nothing varies there is no error to divide by, and what rounding leaves is nothing")
    func noVariance() {
        let same = Comparison(pairing: [0.7, 0.8, 0.9], with: [0.6, 0.7, 0.8])
        #expect(same.standardError == 0)
        #expect(same.statistic(against: 0) == .infinity && same.lowerTail(against: 0) == 1)
        let still = Comparison([1, 1, 1], against: [1, 1])
        #expect(still.standardError == 0 && still.degreesOfFreedom == 3 && still.statistic(against: 0) == 0)
        #expect(RankTest([1, 1], against: [1, 1]).lowerTail == 0.5)
    }
}
