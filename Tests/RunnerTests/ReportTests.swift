import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("what a job reports in numbers", .timeLimit(.minutes(2)))
struct ReportTests {
    private func report(
        script: [String], metrics: [String] = ["metrics.json"], change: (inout MLSettings) -> Void = { _ in }
    ) async throws -> (MetricReport?, AttemptResult?, log: String) {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let assignment = fixture.assignment(script: script) { job in
            job.artifacts = PlannedJob.Artifacts(paths: [])
            job.artifacts?.reports = .init(metrics: metrics)
            var ml = MLSettings()
            change(&ml)
            job.ml = ml
        }
        let result = try await fixture.carryOut(assignment)
        #expect(try await fixture.leftovers().isEmpty)
        return (result?.report, result, fixture.coordinator.log(of: 1))
    }

    @Test("metrics are read after the script, whatever its end, and say what a job that passed came to")
    func metrics() async throws {
        let writes = #"echo '{"f1": 0.8038, "p99_ms": 29}' > metrics.json"#
        let (passed, result, _) = try await report(script: [writes, "echo the end"])
        #expect(passed?.metrics == [Metric("f1", 0.8038), Metric("p99_ms", 29)])
        #expect(result?.summary == "f1 0.8038, p99_ms 29")
        let (failed, ending, _) = try await report(script: [writes, "echo the end", "exit 3"])
        #expect(failed?.metrics.count == 2)
        #expect(ending?.failure?.class == .script && ending?.summary == "the end")
    }

    @Test("parameters, tables, DVC files and curves are read with them")
    func kinds() async throws {
        let (read, _, _) = try await report(
            script: [
                "echo 'lr: 0.1' > params.yaml", "mkdir -p out", "printf 'step,loss\\n1,0.9\\n2,0.5\\n' > out/log.csv",
                "echo 'metrics: [sub/m.yaml]' > dvc.yaml", "mkdir sub", "echo 'auc: 0.9' > sub/m.yaml",
            ], metrics: ["out/*.csv", "dvc.yaml"])
        #expect(read?.parameters == [Parameter("lr", "0.1")])
        #expect(Set(read?.metrics ?? []) == [Metric("loss", 0.5), Metric("auc", 0.9)])
        #expect(read?.curves.map(\.name) == ["loss"])
        #expect(read?.remarks == [])
    }

    @Test("a gated metric that no file has is the last value of its curve")
    func fromCurve() async throws {
        // A record of TensorBoard's: loss 0.5 at step 7, as PyTorch writes it.
        let octal = "1a00000000000000129bd82d0900004040fc54d94110072a0d0a0b0a046c6f7373150000003f368fc084"
            .escapedPairs
        let (read, _, _) = try await report(
            script: ["mkdir -p runs/a", "printf '\(octal)' > runs/a/events.out.tfevents.1.host"], metrics: []
        ) {
            $0.curves = ["runs/"]
            $0.gate = [GateRule(metric: "loss", want: .lower)]
        }
        #expect(read?.curves == [Curve(name: "loss", points: [.init(step: 7, value: 0.5)])])
        #expect(read?.metrics == [Metric("loss", 0.5)])
    }

    @Test("what cannot be read is told in the log and in the report, and fails nothing")
    func unreadable() async throws {
        let (read, result, log) = try await report(
            script: [
                "echo '{' > metrics.json", "ln -s /etc/passwd link.json", "mkfifo pipe.json",
                "head -c 20000000 /dev/zero > large.json", "mkdir folder.json",
            ], metrics: ["*.json", "missing/*.csv"])
        #expect(result?.failure == nil)
        #expect(read?.metrics.isEmpty == true)
        #expect(
            read?.remarks == [
                "large.json: it is larger than 10 MiB", "metrics.json: it is not JSON",
            ])
        #expect(log.contains("Warning: report: metrics.json: it is not JSON"))
        let (none, _, _) = try await report(script: ["true"])
        #expect(none?.remarks == ["no file matches metrics: metrics.json"])
    }

    @Test("a job that asks for no report has none")
    func none() async throws {
        let (read, result, _) = try await report(script: ["echo '{\"f1\": 1}' > metrics.json"], metrics: [])
        #expect(read == nil && result?.failure == nil)
    }
}

extension String {
    /// Hexadecimal digits as `printf` takes bytes.
    var escapedPairs: String {
        stride(from: 0, to: utf8.count, by: 2).map { offset in
            let start = index(startIndex, offsetBy: offset)
            return String(format: "\\%03o", Int(self[start..<index(start, offsetBy: 2)], radix: 16) ?? 0)
        }.joined()
    }
}
