import PipelineModel
import TestSupport
import Testing

@testable import Evaluation

@Suite("metrics example by example")
struct ExampleTests {
    private static func read(_ text: String, path: String = "e.csv") throws(UnreadableFile) -> ExampleTable {
        try ExampleFile.read(Array(text.utf8), path: path)
    }

    @Test("are read by the column id, in the order of the names, without what is no number")
    func columns() throws {
        let table = try Self.read("label,ID,accuracy,loss\ncat,b,1,0.25\ndog,a,0,\"1.5\"\n")
        #expect(table == ExampleTable(ids: ["a", "b"], values: ["accuracy": [0, 1], "loss": [1.5, 0.25]]))
        #expect(try Self.read("id\tx\n1\t2\n", path: "e.tsv").values == ["x": [2]])
        #expect(table.isSound)
    }

    @Test(
        "that are no such table say why",
        arguments: [
            ("", "no column id"), ("accuracy\n1\n", "no column id"), ("id,x\na,1\na,2\n", "that of another"),
            ("id,x\n,1\n", "no name"), ("id,x\na,NaN\n", "no column has a number"),
            ("id,x\n\(String(repeating: "a", count: 65)),1\n", "too long"), ("x,id\n1\n", "no name"),
            ("id,x\n" + (0...5_000).map { "\($0),1\n" }.joined(), "more than 5000"),
        ])
    func refused(text: String, reason: String) {
        do throws(UnreadableFile) {
            Issue.record("\(try Self.read(text))")
        } catch {
            #expect(error.reason.contains(reason), "\(error)")
        }
    }

    @Test("a table that a runner made up is not kept")
    func unsound() {
        let tables = [
            ExampleTable(ids: ["b", "a"], values: ["x": [1, 2]]), ExampleTable(ids: ["a"], values: ["x": [1, 2]]),
            ExampleTable(ids: ["a"], values: ["x": [.nan]]), ExampleTable(ids: ["a", "a"], values: [:]),
        ]
        for table in tables {
            var report = MetricReport()
            report.examples = table
            #expect(report.bounded().examples == nil, "\(table)")
        }
    }

    @Test("the drawn error of a mean is that of the sum's law, and does not depend on the order")
    func bootstrap() {
        var generator = SeededGenerator(seed: 5)
        for count in [30, 200] {
            let values = (0..<count).map { _ in Double.random(in: 0...1, using: &generator) }
            let moments = SampleMoments(values)
            // Drawing from a sample spreads as its own variance, not as the estimate of the population's.
            let law = (moments.variance * Double(count - 1)).squareRoot() / Double(count)
            let drawn = Bootstrap.standardError(ofMeanOf: values)
            #expect(abs(drawn / law - 1) < 0.1)
            #expect(drawn == Bootstrap.standardError(ofMeanOf: values.shuffled(using: &generator)))
        }
        #expect(Bootstrap.standardError(ofMeanOf: [0.1, 0.1, 0.1]) == 0)
    }

    // MARK: - Judging

    private static func report(_ scores: [Double], ids: [String]? = nil) -> MetricReport {
        let mean = scores.reduce(0, +) / Double(scores.count)
        var report = MetricReport(metrics: [Metric("accuracy", mean)])
        let names = scores.indices.map { "e" + String(1_000 + $0) }
        report.examples = ExampleTable(ids: ids ?? names, values: ["accuracy": scores])
        return report
    }

    private static func verdict(
        _ this: MetricReport, _ base: MetricReport, change: (inout GateCase) -> Void = { _ in }
    ) -> MetricVerdict {
        var rule = GateRule(metric: "accuracy", want: .higher)
        rule.tolerance = .absolute(0.01)
        var question = GateCase(rules: [rule], candidate: [1: this])
        question.baseline = .init(.init(name: "main", commit: "3c1f9ab", pipeline: 117), reports: [1: base])
        change(&question)
        return GateJudge(question).verdict().metrics[0]
    }

    /// Right for all but so many of 400.
    private static func scores(wrong: Int) -> [Double] { (0..<400).map { $0 < wrong ? 0 : 1 } }

    @Test("two models of one seed are told apart by the examples that both were tried on")
    func judged() throws {
        let base = Self.report(Self.scores(wrong: 40))
        let worse = Self.verdict(Self.report(Self.scores(wrong: 100)), base)
        #expect(worse.answer == .worse && !worse.isBlocking && worse.examples?.count == 400)
        let comparison = try #require(worse.comparison)
        #expect(comparison.method == .examples && comparison.degreesOfFreedom == 399)
        #expect(abs(comparison.change + 0.15) < 1e-12 && comparison.high ?? 0 < -0.01)
        let strict = Self.verdict(Self.report(Self.scores(wrong: 100)), base) { $0.settings.oneSeed = .block }
        #expect(strict.isBlocking)
        #expect(Self.verdict(Self.report(Self.scores(wrong: 2)), base).answer == .better)
        #expect(Self.verdict(base, base).answer == .noWorse)
        #expect(Self.verdict(Self.report(Self.scores(wrong: 45)), base).answer == .inconclusive)
    }

    @Test("where the examples are others, few, or there are more seeds, they do not count")
    func notJudged() {
        let base = Self.report(Self.scores(wrong: 40))
        let others = Self.report(Self.scores(wrong: 100), ids: (0..<400).map { "x" + String(1_000 + $0) })
        #expect(Self.verdict(others, base).comparison?.method == .single)
        let few = Self.report(Array(repeating: 0, count: 29))
        #expect(Self.verdict(few, Self.report(Array(repeating: 1, count: 29))).comparison?.method == .single)
        let seeds = Self.verdict(Self.report(Self.scores(wrong: 100)), base) { question in
            question.candidate[2] = Self.report(Self.scores(wrong: 101))
            question.baseline?.reports[2] = Self.report(Self.scores(wrong: 41))
        }
        #expect(seeds.comparison?.method == .paired && seeds.examples == nil)
    }

    @Test("models that are equally good are found worse at most 1 time in 20")
    func falseAlarms() {
        var generator = SeededGenerator(seed: 11)
        var alarms = 0
        for _ in 0..<100 {
            func scores() -> [Double] {
                (0..<60).map { _ in Double.random(in: 0...1, using: &generator) < 0.9 ? 1 : 0 }
            }
            if Self.verdict(Self.report(scores()), Self.report(scores())).answer == .worse { alarms += 1 }
        }
        #expect(alarms <= 5)
    }
}
