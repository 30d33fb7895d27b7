import Foundation
import PipelineModel
import Signing
import Store
import Testing

@testable import Server

@Suite("evidence of verdicts", .timeLimit(.minutes(4)))
struct EvidenceTests {
    private static let key: Ed25519Key? = try? Ed25519Key(seed: [UInt8](repeating: 7, count: 32))
    private static let script = URL(filePath: #filePath).appending(path: "../../../../docs/verify-evidence.py")
        .standardized.path

    /// Runs the verifier, which knows nothing of Pawl.
    private static func verify(_ envelope: SignedEnvelope) throws -> (status: Int32, output: String) {
        let folder = NSTemporaryDirectory() + "pawl-evidence-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try JSONEncoder().encode(envelope).write(to: URL(filePath: folder + "/e.json"))
        try Data(try #require(key).publicPEM().utf8).write(to: URL(filePath: folder + "/key.pem"))
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script, folder + "/e.json", folder + "/key.pem"]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    private static func envelope(of id: PipelineID, in bench: JudgingBench) async throws -> SignedEnvelope {
        let detail = try #require(try await bench.store.pipeline(id))
        let statement = try #require(VerdictStatement(on: detail, at: JudgingBench.now))
        return try statement.signed(with: try #require(key))
    }

    private static let main: [Double?] = [0.812, 0.807, 0.815, 0.809, 0.811]

    @Test("is reckoned again to the same verdict by a script without Pawl, whatever the answer")
    func everyAnswer() async throws {
        let bench = try await JudgingBench()
        func held(_ job: inout PlannedJob) { job.ml?.gate[0].ratchet = 0.02 }
        let base = try await bench.run(.main("a1"), Self.main, change: held)
        _ = try await bench.make(
            JudgingBench.Place(commit: "a1", ref: "refs/tags/v1", source: .tag), plan: Plan(stages: [], jobs: []))
        var pipelines = [base]
        let changes: [[Double?]] = [
            [0.804, 0.801, 0.809, 0.799, 0.806], [0.8123, 0.8068, 0.8149, 0.8092, 0.8109],
            [0.80, 0.82, 0.79, 0.83, 0.81], [0.85, 0.846, 0.853, 0.848, 0.851], [0.81, nil, 0.80, 0.81, 0.82],
            [0.80, 0.81, 0.79, 0.805, 0.811, 0.807, 0.799], [0.78, 0.781, 0.779, 0.78, 0.782],
        ]
        for (number, values) in changes.enumerated() {
            pipelines.append(
                try await bench.run(.pull(Int64(number), "b\(number)", after: ["a1"]), values, change: held))
        }
        pipelines.append(
            try await bench.run(.pull(50, "c1", after: ["a1"]), [0.804, 0.801, 0.809]) {
                $0.ml?.gate[0].baseline = 0.81
                $0.ml?.gate[0].tolerance = .relative(0.01)
                $0.ml?.gate[0].min = 0.7
            })
        pipelines.append(try await bench.run(.pull(51, "c2", after: ["a1"]), [0.80]))
        pipelines.append(try await bench.run(.pull(52, "c3", after: ["a1"]), [0.9, 0.9]) { $0.ml?.gate[0].max = 0.85 })
        var answers: Set<Verdict.Answer> = []
        for id in pipelines {
            let answer = try await bench.verdict(of: id).answer
            answers.insert(answer)
            let result = try Self.verify(try await Self.envelope(of: id, in: bench))
            #expect(result.status == 0 && result.output.contains("evaluate: \(answer.rawValue),"), "\(result)")
        }
        #expect(answers == Set(Verdict.Answer.allCases))
    }

    @Test("by examples is reckoned again with the same draws")
    func examples() async throws {
        let bench = try await JudgingBench()
        func run(_ place: JudgingBench.Place, wrong: Int) async throws -> PipelineID {
            let id = try await bench.make(place, plan: JudgingBench.plan(seeds: 1, after: place.after))
            var report = MetricReport(metrics: [Metric("f1", 1 - Double(wrong) / 200)])
            report.examples = ExampleTable(
                ids: (0..<200).map { String(1_000 + $0) }, values: ["f1": (0..<200).map { $0 < wrong ? 0 : 1 }])
            try await bench.carryOut(report)
            await bench.judging.judgeAll()
            return id
        }
        _ = try await run(.main("a1"), wrong: 20)
        for (number, wrong) in [60, 25, 20, 2].enumerated() {
            let id = try await run(.pull(Int64(number), "b\(number)", after: ["a1"]), wrong: wrong)
            let verdict = try await bench.verdict(of: id)
            #expect(verdict.metrics[0].comparison?.method == .examples)
            let result = try Self.verify(try await Self.envelope(of: id, in: bench))
            #expect(result.status == 0 && result.output.contains("evaluate: \(verdict.answer.rawValue),"), "\(result)")
        }
    }

    @Test("that was changed, signed by another key, or tells another verdict, is refused")
    func forged() async throws {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), Self.main)
        let id = try await bench.run(.pull(1, "b1", after: ["a1"]), [0.804, 0.801, 0.809, 0.799, 0.806])
        let envelope = try await Self.envelope(of: id, in: bench)
        var changed = envelope
        let text = String(decoding: try #require(Base64.decode(envelope.payload)), as: UTF8.self)
        changed.payload = Base64.encode(Array(text.replacing("0.804", with: "0.904").utf8))
        #expect(try Self.verify(changed).output.contains("the signature is not that of this key"))
        let lie = text.replacing(#""answer":"worse""#, with: #""answer":"no_worse""#)
        let signed = try SignedEnvelope(
            signing: Array(lie.utf8), type: envelope.payloadType, with: try #require(Self.key))
        let result = try Self.verify(signed)
        #expect(result.status == 1 && result.output.contains("comes to ('worse', True)"), "\(result)")
    }
}
