#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import Foundation
import PipelineModel
import TestSupport

@testable import Evaluation

extension SeededGenerator {
    /// A normal number of mean 0 and variance 1 (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(Double.random(in: Double.leastNormalMagnitude..<1, using: &self))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
    }
}

/// How often something is simulated: little in a usual run, `PAWL_SIMULATIONS` times as much on demand.
enum Simulation {
    static let scale = ProcessInfo.processInfo.environment["PAWL_SIMULATIONS"].flatMap { Int($0) } ?? 1

    /// How many of so many tries may come out so where each does with a chance: three standard deviations more.
    static func most(_ tries: Int, _ chance: Double) -> Int {
        Int((Double(tries) * chance + 3 * (Double(tries) * chance * (1 - chance)).squareRoot()).rounded(.up))
    }
}

/// A model whose metrics come out a little differently with each seed.
struct Model {
    /// The true mean of each metric.
    var means: [String: Double]
    /// How far seeds spread.
    var deviation = 0.01
    /// How much of the spread is the seed's own, the same for every model trained with it.
    var shared = 0.0

    /// What a run of seeds reports.
    func run(seeds: ClosedRange<Int> = 1...5, luck: [Int: Double] = [:], _ draws: inout SeededGenerator) -> [Int:
        MetricReport]
    {
        var reports: [Int: MetricReport] = [:]
        for seed in seeds {
            let metrics = means.sorted { $0.key < $1.key }.map { name, mean in
                let own = draws.normal() * (1 - shared).squareRoot() + (luck[seed] ?? 0) * shared.squareRoot()
                return Metric(name, mean + deviation * own)
            }
            reports[seed] = MetricReport(metrics: metrics)
        }
        return reports
    }
}

extension GateCase {
    /// A case of a run against another.
    init(
        _ candidate: [Int: MetricReport], against baseline: [Int: MetricReport], rules: [GateRule],
        settings: JudgeSettings = JudgeSettings(), look: Int = 1
    ) {
        self.init(rules: rules, settings: settings, candidate: candidate.mapValues { $0 })
        self.baseline = .init(.init(name: "main", commit: "3c1f9ab", pipeline: 117), reports: baseline)
        self.look = look
    }
}
