import Executors
import Foundation
import PipelineModel
import TestSupport
import Testing

@testable import Runner

extension Trait where Self == ConditionTrait {
    /// Skips where MLflow's client is not there.
    static var needsPeers: Self { .enabled(if: Peers.isThere, "\(Peers.absence)") }
}

@Suite("MLflow's own client", .needsPeers, .timeLimit(.minutes(5)))
struct MLflowPeerTests {
    private struct Place: Encodable {
        var uri: String
        var token: String
        var folder: String
    }

    /// Sets what a job finds set, before the client is there.
    private static let begin = """
        import json, os, sys
        place = json.load(sys.stdin)
        os.environ.update(
            MLFLOW_TRACKING_URI=place["uri"], MLFLOW_TRACKING_TOKEN=place["token"],
            MLFLOW_EXPERIMENT_NAME="ml/churn", MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
            MLFLOW_DISABLE_TELEMETRY="true", GIT_PYTHON_REFRESH="quiet")
        os.chdir(place["folder"])
        import mlflow

        """

    private func run<Answer: Decodable & Sendable>(
        _ script: String, in fixture: MLflowFixture, as type: Answer.Type
    ) async throws -> Answer {
        try await fixture.serving { endpoint in
            try await Peers.run(
                Self.begin + script,
                with: Place(
                    uri: "http://127.0.0.1:\(endpoint.port)", token: MLflowFixture.token, folder: fixture.folder),
                as: type)
        }
    }

    private struct Seen: Decodable {
        var experiment: String
        var metrics: [String: Double]
        var params: [String: String]
        var tags: [String: String]
        var history: [[Double]]
        var children: [String]
        var best: String
        var status: String
        var artifacts: [String]
    }

    @Test("it logs metrics, parameters, tags, artifacts and nested runs, and reads back what it logged")
    func usual() async throws {
        let fixture = try MLflowFixture()
        let script = """
            import math
            with mlflow.start_run() as run:
                mlflow.log_params({"lr": 0.1, "layers": [1, 2]})
                mlflow.set_tags({"team": "churn", "note": "ünïcode \\u2603"})
                for step in range(20):
                    mlflow.log_metric("loss", 1 / (step + 1), step=step)
                mlflow.log_metrics({"f1": 0.9, "worst": math.nan, "sum": math.inf}, step=3)
                with open("notes.txt", "w") as file:
                    file.write("kept")
                mlflow.log_artifact("notes.txt", artifact_path="docs")
                mlflow.log_dict({"a": 1}, "a.json")
                for index in range(3):
                    with mlflow.start_run(run_name=f"try-{index}", nested=True):
                        mlflow.log_param("depth", index)
                        mlflow.log_metric("f1", index / 10)
            client = mlflow.MlflowClient()
            read = client.get_run(run.info.run_id)
            experiment = client.get_experiment(read.info.experiment_id)
            children = mlflow.search_runs(
                filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'", output_format="list",
                order_by=["metrics.f1 DESC"])
            print(json.dumps({
                "experiment": experiment.name, "params": read.data.params, "tags": read.data.tags,
                "metrics": {k: v for k, v in read.data.metrics.items() if math.isfinite(v)},
                "history": [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, "loss")],
                "children": [child.info.run_name for child in children],
                "best": max(children, key=lambda child: child.data.metrics["f1"]).info.run_name,
                "status": read.info.status,
                "artifacts": sorted(
                    file.path for folder in (None, "docs") for file in client.list_artifacts(run.info.run_id, folder)),
            }))
            """
        let seen = try await run(script, in: fixture, as: Seen.self)
        #expect(seen.experiment == "ml/churn" && seen.status == "FINISHED")
        #expect(seen.params == ["lr": "0.1", "layers": "[1, 2]"])
        #expect(seen.tags["team"] == "churn" && seen.tags["note"] == "ünïcode ☃")
        #expect(seen.metrics == ["loss": 0.05, "f1": 0.9])
        let losses: [[Double]] = (0..<20).map { (step: Int) -> [Double] in [Double(step), 1 / Double(step + 1)] }
        #expect(seen.history == losses)
        #expect(seen.children == ["try-2", "try-1", "try-0"] && seen.best == "try-2")
        #expect(seen.artifacts == ["a.json", "docs", "docs/notes.txt"])
        let kept = try FileManager.default.subpathsOfDirectory(atPath: fixture.artifacts)
        #expect(kept.contains { $0.hasSuffix("/docs/notes.txt") })
        let report = try #require(try fixture.report())
        #expect(report.value(of: "f1")?.number == 0.9 && report.value(of: "loss")?.number == 0.05)
        #expect(report.value(of: "worst")?.number.isNaN == true && report.value(of: "sum")?.number == .infinity)
        #expect(report.value(of: "try-1/f1")?.number == 0.1)
        #expect(report.curves.map(\.name) == ["loss"] && report.curves.first?.points.count == 20)
        #expect(report.parameters.contains(Parameter("lr", "0.1")))
        #expect(report.parameters.contains(Parameter("try-2/depth", "2")))
        #expect(report.remarks == [])
    }

    private struct Others: Decodable {
        var model: String
        var status: String
        var experiment: String
        var asynchronous: Int
        var failed: String
        var conflict: String
        var registered: String
        var unknown: String
    }

    @Test("it logs in batches, by the way and from a set experiment, describes models, and understands refusals")
    func others() async throws {
        let fixture = try MLflowFixture()
        let script = """
            from mlflow.entities import Metric, Param, RunTag
            from mlflow.exceptions import MlflowException
            mlflow.set_experiment("a new one")
            client = mlflow.MlflowClient()
            run = mlflow.start_run(run_name="by hand", description="# Title", tags={"a": "b"})
            id = run.info.run_id
            client.log_batch(
                id, metrics=[Metric("batch", step / 2, 1700000000000 + step, step) for step in range(2500)],
                params=[Param(f"p{n}", str(n)) for n in range(150)], tags=[RunTag("t", "v")])
            for step in range(30):
                mlflow.log_metric("later", step, step=step, synchronous=False)
            mlflow.flush_async_logging()
            model = mlflow.initialize_logged_model(name="tree", params={"depth": "3"}, tags={"x": "y"})
            model = mlflow.finalize_logged_model(model.model_id, "READY")
            mlflow.set_logged_model_tags(model.model_id, {"z": "1"})
            mlflow.log_metric("auc", 0.7, model_id=model.model_id)
            mlflow.set_experiment_tag("kind", "trial")
            def code(work):
                try:
                    work()
                except MlflowException as error:
                    return error.error_code
                return "none"
            conflict = code(lambda: mlflow.log_param("p1", "other"))
            unknown = code(lambda: client.get_run("nowhere"))
            registered = code(lambda: client.create_registered_model("tree"))
            mlflow.end_run(status="FAILED")
            print(json.dumps({
                "model": model.name, "status": str(mlflow.get_logged_model(model.model_id).status),
                "experiment": mlflow.get_experiment_by_name("a new one").name,
                "asynchronous": len(client.get_metric_history(id, "later")),
                "failed": client.get_run(id).info.status, "conflict": conflict, "registered": registered,
                "unknown": unknown,
            }))
            """
        let seen = try await run(script, in: fixture, as: Others.self)
        #expect(seen.model == "tree" && seen.status.hasSuffix("READY") && seen.experiment == "a new one")
        #expect(seen.asynchronous == 30 && seen.failed == "FAILED")
        #expect(seen.conflict == "INVALID_PARAMETER_VALUE" && seen.unknown == "RESOURCE_DOES_NOT_EXIST")
        #expect(seen.registered == "ENDPOINT_NOT_FOUND")
        let report = try #require(try fixture.report())
        #expect(report.value(of: "batch")?.number == 1_249.5 && report.value(of: "auc")?.number == 0.7)
        #expect(report.curves.first { $0.name == "batch" }?.points.last?.step == 2_499)
        #expect(report.parameters.count == 150)
    }

    // MARK: - In a container

    @Test(
        "in a container it logs through the fence to the runner, with nothing but what the job finds set",
        .needsDocker, .needsRoot)
    func contained() async throws {
        let range = try #require(IPv4Range("10.238.0.0/24"))
        let docker = DockerExecutor(
            engine: DockerEngine(socket: Engine.socket, sender: Engine.client),
            settings: .init(instance: "mlflow-\(UUID().uuidString.prefix(8))", networks: range))
        let fence = NetworkFence(networks: range)
        let start = ContinuousClock.now
        let executor = FencedExecutor(
            docker, fence: fence, allowsUnfenced: false, now: { ContinuousClock.now - start })
        let python = URL(filePath: Peers.python)
        let folders = [python, python.resolvingSymlinksInPath()].map {
            $0.deletingLastPathComponent().deletingLastPathComponent().path
        }
        let fixture = try await RunnerFixture(executor: executor) {
            $0.defaultImage = "pawl-test:tiny"
            $0.memoryFolder = "/dev/shm"
            // The machine's own Python, and the client beside it.
            let own = folders.filter { $0 != "/usr" }
            $0.mounts = (["/usr", "/usr/lib:/lib", "/usr/lib64:/lib64"] + own).map { folder in
                let sides = folder.split(separator: ":").map(String.init)
                return .init(path: sides[0], target: sides[sides.count - 1], repository: "ml/churn")
            }
        }
        let training = """
            import mlflow
            with mlflow.start_run():
                for step in range(5):
                    mlflow.log_metric("f1", step / 10, step=step)
                mlflow.log_param("lr", 0.1)
                mlflow.log_dict({"a": 1}, "a.json")
            """
        var assignment = fixture.assignment(
            script: ["cat > train.py <<'END'\n\(training)\nEND", "\(Peers.python) train.py"]
        ) {
            $0.ml = MLSettings()
            $0.artifacts = .init(paths: ["mlartifacts/"])
        }
        // Folders of the machine are not for forks.
        assignment.trust = .branch
        let result = try await fixture.carryOut(assignment)
        let log = fixture.coordinator.log(of: 1)
        #expect(result?.failure == nil, "\(log)")
        #expect(result?.report?.metrics == [Metric("f1", 0.4)] && result?.report?.curves.first?.points.count == 5)
        #expect(result?.report?.parameters == [Parameter("lr", "0.1")])
        let kept = fixture.coordinator.state.withLockedValue { $0.stored[1]?.paths } ?? []
        #expect(kept.contains { $0.hasSuffix("/a.json") })
        // It has nothing to say of itself, not even where its run could be seen.
        let said = log.split(separator: "\n").drop { !$0.contains("train.py\u{1B}[0m") || $0.contains("cat >") }
            .dropFirst()
        #expect(said.allSatisfy { $0.contains("artifacts kept") || $0.contains("Job passed") }, "\(log)")
        try await executor.takeDownFence()
        #expect(await fence.state() == .down)
    }
}
