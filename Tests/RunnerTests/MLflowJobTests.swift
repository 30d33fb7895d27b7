import Executors
import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import Runner

@Suite("a job that logs with MLflow's API", .timeLimit(.minutes(2)))
struct MLflowJobTests {
    /// Calls the API from a script, as a client would.
    private static let call = """
        call() { curl -sS --fail-with-body --oauth2-bearer "$MLFLOW_TRACKING_TOKEN" --json "$2" \
        "$MLFLOW_TRACKING_URI/api/2.0/mlflow/$1"; }
        begin() { run=$(call runs/create '{"experiment_id": "1"}' | sed 's/.*"run_id":"\\([0-9a-f]*\\)".*/\\1/'); }
        metric() { call runs/log-metric '{"run_id": "'$run'", "key": "'$1'", "value": '$2', "timestamp": 1, "step": '$3'}'; }
        """

    private struct Outcome {
        var report: MetricReport?
        var result: AttemptResult?
        var log: String
    }

    private func carryOut(
        _ script: [String], variables: [Variable] = [], secrets: [GrantedSecret] = [],
        settings: (inout RunnerSettings) -> Void = { _ in },
        change: (inout PlannedJob) -> Void = { $0.ml = MLSettings() }
    ) async throws -> Outcome {
        let fixture = try await RunnerFixture(executor: ProcessExecutor(), change: settings)
        let assignment = fixture.assignment(
            script: [Self.call] + script, variables: variables, secrets: secrets, change: change)
        let result = try await fixture.carryOut(assignment)
        #expect(try await fixture.leftovers().isEmpty)
        return Outcome(report: result?.report, result: result, log: fixture.coordinator.log(of: 1))
    }

    @Test("what it logs is its report, also when it fails, and its summary when it passes")
    func logs() async throws {
        let script = ["begin", "metric loss 0.5 1; metric loss 0.25 2; metric f1 0.9 0"]
        let passed = try await carryOut(script)
        #expect(passed.result?.failure == nil, "\(passed.log)")
        #expect(Set(passed.report?.metrics ?? []) == [Metric("loss", 0.25), Metric("f1", 0.9)])
        #expect(passed.report?.curves.map(\.name) == ["loss"])
        #expect(passed.result?.summary?.contains("f1 0.9") == true)
        let failed = try await carryOut(script + ["exit 4"])
        #expect(failed.result?.failure?.class == .script && failed.report?.metrics.count == 2)
    }

    @Test("a gated metric that a file has is the file's; one that it lacks is MLflow's, before that of a curve")
    func precedence() async throws {
        // A record of TensorBoard's: loss 0.5 at step 7.
        let record = "1a00000000000000129bd82d0900004040fc54d94110072a0d0a0b0a046c6f7373150000003f368fc084"
        let outcome = try await carryOut(
            [
                "begin", "metric f1 0.9 0; metric auc 0.8 0; metric loss 0.3 1; metric same 0.1 1",
                #"echo '{"f1": 0.7, "same": 0.1}' > m.json"#,
                "mkdir runs; printf '\(record.escapedPairs)' > runs/events.out.tfevents.1.host",
            ]
        ) { _ in
        } change: {
            $0.artifacts = PlannedJob.Artifacts(paths: [])
            $0.artifacts?.reports = .init(metrics: ["m.json"])
            $0.ml = MLSettings()
            $0.ml?.curves = ["runs/"]
            $0.ml?.gate = ["f1", "auc", "loss"].map { GateRule(metric: $0, want: .higher) }
        }
        #expect(outcome.report?.value(of: "f1") == MetricValue(0.7))
        #expect(outcome.report?.value(of: "auc") == MetricValue(0.8))
        #expect(outcome.report?.value(of: "loss") == MetricValue(0.3))
        #expect(outcome.report?.curves == [Curve(name: "loss", points: [.init(step: 7, value: 0.5)])])
        #expect(outcome.report?.remarks == ["MLflow: f1 is in a file as well; that of the file counts"])
    }

    @Test("the token is masked in the log, and another server's variables are left alone")
    func secrecy() async throws {
        let shown = try await carryOut(["echo token=$MLFLOW_TRACKING_TOKEN=", "echo $MLFLOW_EXPERIMENT_NAME"])
        #expect(shown.log.contains("\ntoken=[masked]=") && shown.log.contains("\nml/churn\n"), "\(shown.log)")
        #expect(shown.report == nil)
        let echo = ["echo at=${MLFLOW_TRACKING_URI-nowhere} token=${MLFLOW_TRACKING_TOKEN-none}"]
        let own = try await carryOut(echo, variables: [Variable("MLFLOW_TRACKING_URI", "http://mlflow.test")])
        #expect(own.log.contains("at=http://mlflow.test token=none"))
        let secret = GrantedSecret(name: "MLFLOW_TRACKING_USERNAME", kind: .variable, value: Redacted("somebody"))
        #expect(try await carryOut(echo, secrets: [secret]).log.contains("at=nowhere token=none"))
        let without = try await carryOut(echo, change: { _ in })
        #expect(without.log.contains("at=nowhere token=none"))
        let off = try await carryOut(echo, settings: { $0.takesMLflow = false })
        #expect(off.log.contains("at=nowhere token=none"))
    }

    @Test("variables are not set over those of an image, and a proxy is not asked for the runner's address")
    func shell() async throws {
        let doorway = Doorway(address: "10.213.0.1", network: .jobNetworks)
        let text = MLflowVariables(doorway: doorway, port: 7, token: "t'o", experiment: "ml/churn").shellText
        func run(_ before: String, _ after: String) async throws -> String {
            let result = try await RunnerFixture.shell(before + "\n" + text + "\n" + after)
            return result.trimmingSpaces
        }
        let shown = "echo $MLFLOW_TRACKING_URI $MLFLOW_TRACKING_TOKEN $MLFLOW_EXPERIMENT_NAME $no_proxy"
        #expect(try await run("", shown) == "http://10.213.0.1:7 t'o ml/churn")
        #expect(try await run("MLFLOW_TRACKING_URI=file:/x", shown) == "file:/x")
        #expect(try await run("MLFLOW_EXPERIMENT_ID=4", shown) == "http://10.213.0.1:7 t'o")
        #expect(
            try await run("http_proxy=http://p NO_PROXY=a.test", shown)
                == "http://10.213.0.1:7 t'o ml/churn a.test,10.213.0.1")
    }

    @Test("what is in the way of logging fails no job, and is said")
    func obstacle() async throws {
        let fixture = try await RunnerFixture(executor: ClosedExecutor())
        let result = try await fixture.carryOut(fixture.assignment(script: ["true"]) { $0.ml = MLSettings() })
        #expect(result?.failure == nil)
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("Warning: what the job logs with MLflow is not taken: the fence is stuck"), "\(log)")
    }
}

/// Runs processes, and opens no port to them.
private struct ClosedExecutor: Executor {
    private let base = ProcessExecutor()

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        try await base.create(specification)
    }
    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit { try await base.run(container, output: output) }
    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await base.stop(container, grace: grace)
    }
    func destroy(_ container: ContainerHandle) async throws { try await base.destroy(container) }
    func leftovers() async throws -> [ContainerHandle] { try await base.leftovers() }
    func doorway(of container: ContainerHandle) async throws -> Doorway? { try await base.doorway(of: container) }
    func open(_ port: Int, at doorway: Doorway, to container: ContainerHandle) async throws {
        throw ExecutorError(.engineFailed, message: "the fence is stuck")
    }
}

extension RunnerFixture {
    /// What a script prints in a shell of its own, with no variables but `PATH`.
    fileprivate static func shell(_ script: String) async throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script]
        process.environment = ["PATH": "/usr/bin:/bin"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
