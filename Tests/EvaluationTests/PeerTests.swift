import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import Evaluation

@Suite("beside SciPy and TensorBoard", .needsPeers, .timeLimit(.minutes(5)))
struct PeerTests {
    // MARK: - SciPy

    /// Two samples, and what both sides say of them.
    private struct Samples: Codable, Sendable {
        var first: [Double]
        var second: [Double]
    }

    private struct Statistics: Decodable {
        var welch: [Double]
        var paired: [Double]
        var ranks: [Double]
        var quantiles: [Double]
        var noncentral: Double
    }

    private static let scipy = """
        import json, sys, warnings
        from scipy import stats
        warnings.simplefilter("ignore")
        answers = []
        for case in json.load(sys.stdin):
            a, b = case["first"], case["second"]
            n = min(len(a), len(b))
            welch = stats.ttest_ind(a, b, equal_var=False, alternative="less")
            paired = stats.ttest_rel(a[:n], b[:n], alternative="less")
            ranks = stats.mannwhitneyu(a, b, alternative="less", method="asymptotic", use_continuity=True)
            answers.append({
                "welch": [welch.statistic, welch.df, welch.pvalue], "paired": [paired.statistic, paired.pvalue],
                "ranks": [ranks.statistic, ranks.pvalue],
                "quantiles": [stats.t.isf(p, welch.df) for p in (0.05, 0.025, 0.001, 1e-7)],
                "noncentral": stats.nct.sf(2.5, welch.df, 1.5),
            })
        print(json.dumps(answers))
        """

    private func isClose(_ value: Double, _ expected: Double, to relative: Double = 1e-9) -> Bool {
        abs(value - expected) <= relative * max(abs(expected), 1e-3)
    }

    @Test("tests, quantiles and tails agree with SciPy's to nine digits")
    func scipy() async throws {
        var draws = SeededGenerator(seed: 9)
        let cases = (0..<200).map { _ in
            let (mean, deviation) = (
                Double.random(in: -5...5, using: &draws), Double.random(in: 0.01...2, using: &draws)
            )
            func sample(_ shift: Double) -> [Double] {
                // Rounded, so that some are the same.
                (0..<Int.random(in: 2...12, using: &draws)).map { _ in
                    ((mean + shift + deviation * draws.normal()) * 50).rounded() / 50
                }
            }
            return Samples(first: sample(0), second: sample(deviation * draws.normal()))
        }.filter { Set($0.first).count > 1 && Set($0.second).count > 1 }
        let answers = try await Peers.run(Self.scipy, with: cases, as: [Statistics].self)
        #expect(answers.count == cases.count && cases.count > 150)
        for (sample, answer) in zip(cases, answers) {
            let welch = Comparison(sample.first, against: sample.second)
            #expect(isClose(welch.statistic(against: 0), answer.welch[0]))
            #expect(isClose(welch.degreesOfFreedom, answer.welch[1]))
            #expect(isClose(welch.lowerTail(against: 0), answer.welch[2]))
            let size = min(sample.first.count, sample.second.count)
            let paired = Comparison(
                pairing: Array(sample.first.prefix(size)), with: Array(sample.second.prefix(size)))
            if paired.standardError > 0 {
                #expect(isClose(paired.statistic(against: 0), answer.paired[0]))
                #expect(isClose(paired.lowerTail(against: 0), answer.paired[1]))
            }
            let ranks = RankTest(sample.first, against: sample.second)
            #expect(ranks.statistic == answer.ranks[0])
            #expect(isClose(ranks.lowerTail, answer.ranks[1]))
            for (chance, quantile) in zip([0.05, 0.025, 0.001, 1e-7], answer.quantiles) {
                let own = StudentT.upperQuantile(chance, dof: welch.degreesOfFreedom)
                #expect(isClose(own, quantile), "\(chance) \(welch.degreesOfFreedom): \(own) \(quantile)")
            }
            let tail = NoncentralT.upperTail(2.5, dof: welch.degreesOfFreedom, noncentrality: 1.5)
            #expect(isClose(tail, answer.noncentral, to: 1e-6), "\(welch.degreesOfFreedom)")
        }
    }

    // MARK: - TensorBoard

    /// Writes runs into a folder with tensorboardX, and prints what TensorBoard reads there, each as [step, value].
    private static let tensorBoard = """
        import json, os, sys
        from tensorboardX import SummaryWriter
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        folder = json.load(sys.stdin)["folder"]
        for run, last in (("a", 300), ("b/deep", 40)):
            with SummaryWriter(os.path.join(folder, run)) as writer:
                for step in range(last):
                    writer.add_scalar("loss/train", 1 / (step + 1), step)
                    if step % 10 == 0:
                        writer.add_scalar("f1", step / 1000, step)
                        writer.add_histogram("weights", [step, 1, 2, 3], step)
                writer.add_text("note", "some words", 0)
        # A run that was stopped at step 100 and resumed from the checkpoint at step 80.
        with SummaryWriter(os.path.join(folder, "resumed"), filename_suffix=".1") as writer:
            for step in range(100):
                writer.add_scalar("loss", float(step), step)
        with SummaryWriter(os.path.join(folder, "resumed"), purge_step=80, filename_suffix=".2") as writer:
            for step in range(80, 120):
                writer.add_scalar("loss", step + 0.5, step)
        answer = {}
        for run in ("a", "b/deep", "resumed"):
            reader = EventAccumulator(os.path.join(folder, run), size_guidance={"scalars": 0})
            reader.Reload()
            for tag in reader.Tags()["scalars"]:
                answer[run + ":" + tag] = [[event.step, event.value] for event in reader.Scalars(tag)]
        print(json.dumps(answer))
        """

    @Test("event files give the series that TensorBoard reads in them, those of a resumed run too")
    func tensorBoard() async throws {
        let folder = NSTemporaryDirectory() + "pawl-peers-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let expected = try await Peers.run(Self.tensorBoard, with: ["folder": folder], as: [String: [[Double]]].self)
        var found: [String: [[Double]]] = [:]
        for run in ["a", "b/deep", "resumed"] {
            var series = EventSeries()
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(run)").filter(
                EventSeries.isOne)
            for name in names.sorted() {
                let file = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/\(run)/\(name)"))
                try series.add(path: name) { count in try file.read(upToCount: count).map(Array.init) ?? [] }
            }
            #expect(series.remarks.isEmpty)
            for curve in series.curves {
                found["\(run):\(curve.name)"] = curve.points.map { [Double($0.step), $0.value.number] }
            }
        }
        #expect(found.count == 5)
        #expect(found == expected)
    }
}
