import Foundation
import PipelineModel
import Testing

@testable import Evaluation

@Suite("MLflow's API")
struct MLflowTests {
    /// An attempt's record, and a client of it.
    private struct Attempt {
        let api = MLflowAPI(artifactFolder: "/builds/ml/churn/mlartifacts", experiment: "ml/churn")
        var record = MLflowRecord()
        var changes: [MLflowRecord.Change] = []
        private var ids = 0

        init() {
            for change in api.beginning(at: Timestamp(milliseconds: 1_000)) { keep(change) }
        }

        private mutating func keep(_ change: MLflowRecord.Change) {
            changes.append(change)
            record.apply(change)
        }

        /// Asks, and reads the answer.
        @discardableResult
        mutating func ask(_ method: String, _ path: String, _ body: String = "") throws -> [String: Any] {
            ids += 1
            let id = String(repeating: "0", count: 30) + "\(ids + 10)"
            let request = MLflowRequest(method, "/api/2.0/mlflow/\(path)", body: Array(body.utf8))
            let reply = try api.reply(to: request, on: record, at: Timestamp(milliseconds: 2_000), newID: id)
            if let change = reply.change { keep(change) }
            let answer = try JSONSerialization.jsonObject(with: Data(reply.body(record)))
            return try #require(answer as? [String: Any])
        }

        /// The code that a request is refused with; nil where it is not.
        mutating func refusal(_ method: String, _ path: String, _ body: String = "") -> MLflowRefusal.Code? {
            do {
                try ask(method, path, body)
                return nil
            } catch let refusal as MLflowRefusal {
                return refusal.code
            } catch {
                Issue.record(error)
                return nil
            }
        }

        /// Begins a run.
        mutating func run(_ name: String, in parent: String? = nil) throws -> String {
            let tags = parent.map { #", "tags": [{"key": "mlflow.parentRunId", "value": "\#($0)"}]"# } ?? ""
            let answer = try ask("POST", "runs/create", #"{"experiment_id": "1", "run_name": "\#(name)"\#(tags)}"#)
            return try text(answer, "run", "info", "run_id")
        }

        mutating func log(_ name: String, _ values: [(step: Int, value: String)], to run: String) throws {
            let metrics = values.map {
                #"{"key": "\#(name)", "value": \#($0.value), "timestamp": 5, "step": \#($0.step)}"#
            }
            try ask(
                "POST", "runs/log-batch", #"{"run_id": "\#(run)", "metrics": [\#(metrics.joined(separator: ","))]}"#)
        }
    }

    private static func text(_ answer: [String: Any], _ path: String...) throws -> String {
        var value: Any = answer
        for name in path { value = try #require((value as? [String: Any])?[name]) }
        return try #require(value as? String)
    }

    // MARK: - The contract

    @Test("a run is begun, logs, is read back, and ends, as its client does it")
    func life() throws {
        var attempt = Attempt()
        let found = try attempt.ask("GET", "experiments/get-by-name?experiment_name=ml%2Fchurn")
        #expect(try Self.text(found, "experiment", "experiment_id") == "1")
        let made = try attempt.ask(
            "POST", "runs/create",
            #"{"experiment_id": "1", "start_time": 7, "tags": [{"key": "mlflow.user", "value": "root"}]}"#)
        let run = try Self.text(made, "run", "info", "run_id")
        #expect(try Self.text(made, "run", "info", "run_name") == "run-1")
        #expect(
            try Self.text(made, "run", "info", "artifact_uri") == "file:///builds/ml/churn/mlartifacts/\(run)")
        try attempt.ask(
            "POST", "runs/log-batch",
            #"{"run_id": "\#(run)", "metrics": [{"key": "loss", "value": 0.5, "timestamp": 1, "step": 1}, "#
                + #"{"key": "loss", "value": "NaN", "timestamp": "2", "step": "2"}], "#
                + #""params": [{"key": "lr", "value": "0.1"}], "tags": [{"key": "a", "value": "b"}]}"#)
        try attempt.ask(
            "POST", "runs/log-metric", #"{"run_id": "\#(run)", "key": "f1", "value": 0.9, "timestamp": 3}"#)
        try attempt.ask("POST", "runs/log-parameter", #"{"run_id": "\#(run)", "key": "depth", "value": "3"}"#)
        try attempt.ask("POST", "runs/set-tag", #"{"run_id": "\#(run)", "key": "mlflow.runName", "value": "named"}"#)
        let ended = try attempt.ask(
            "POST", "runs/update", #"{"run_id": "\#(run)", "status": "FINISHED", "end_time": 9}"#)
        #expect(try Self.text(ended, "run_info", "status") == "FINISHED")
        let read = try attempt.ask("GET", "runs/get?run_id=\(run)&run_uuid=\(run)")
        let info = (read["run"] as? [String: Any])?["info"] as? [String: Any]
        let data = try #require((read["run"] as? [String: Any])?["data"] as? [String: Any])
        #expect(info?["run_name"] as? String == "named" && info?["end_time"] as? Int == 9)
        #expect((data["params"] as? [[String: String]])?.map { $0["value"] } == ["3", "0.1"])
        let metrics = try #require(data["metrics"] as? [[String: Any]])
        #expect(metrics.map { $0["key"] as? String } == ["f1", "loss"])
        #expect(metrics[1]["value"] as? String == "NaN" && metrics[1]["step"] as? Int == 2)
        let history = try attempt.ask("GET", "metrics/get-history?run_id=\(run)&metric_key=loss&max_results=1")
        #expect((history["metrics"] as? [[String: Any]])?.first?["value"] as? Double == 0.5)
        #expect(history["next_page_token"] as? String == "1")
    }

    @Test("what is dropped is taken, experiments are made once, and models are described")
    func others() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        try attempt.ask("POST", "runs/log-inputs", #"{"run_id": "\#(run)", "datasets": []}"#)
        try attempt.ask("POST", "runs/outputs", #"{"run_id": "\#(run)", "models": []}"#)
        try attempt.ask("POST", "experiments/set-experiment-tag", #"{"experiment_id": "1", "key": "a", "value": "b"}"#)
        let made = try attempt.ask("POST", "experiments/create", #"{"name": "sweep"}"#)
        #expect(made["experiment_id"] as? String == "2")
        #expect(attempt.refusal("POST", "experiments/create", #"{"name": "sweep"}"#) == .taken)
        let all = try attempt.ask("POST", "experiments/search", "{}")["experiments"] as? [[String: Any]]
        #expect(all?.map { $0["name"] as? String } == ["Default", "ml/churn", "sweep"])
        let model = try attempt.ask(
            "POST", "logged-models", #"{"experiment_id": "1", "name": "tree", "source_run_id": "\#(run)"}"#)
        let id = try Self.text(model, "model", "info", "model_id")
        let ready = try attempt.ask("PATCH", "logged-models/\(id)", #"{"status": "LOGGED_MODEL_READY"}"#)
        #expect(try Self.text(ready, "model", "info", "status") == "LOGGED_MODEL_READY")
        #expect(attempt.record.models.count == 1)
    }

    @Test("runs are searched by parent, metric and status, in the order that is asked for")
    func search() throws {
        var attempt = Attempt()
        let parent = try attempt.run("sweep")
        var children: [String] = []
        for (index, value) in ["0.5", "0.9", "0.7"].enumerated() {
            children.append(try attempt.run("try-\(index)", in: parent))
            try attempt.log("f1", [(0, value)], to: children[index])
        }
        func found(_ filter: String, _ order: String = "") throws -> [String] {
            let answer = try attempt.ask(
                "POST", "runs/search",
                #"{"experiment_ids": ["1"], "filter": "\#(filter)", "order_by": ["\#(order)"]}"#)
            return try #require(answer["runs"] as? [[String: Any]]).map { try Self.text($0, "info", "run_name") }
        }
        #expect(
            try found("tags.mlflow.parentRunId = '\(parent)'", "metrics.f1 DESC") == ["try-1", "try-2", "try-0"])
        #expect(try found("metrics.`f1` >= 0.7 and attributes.status = 'RUNNING'", "metrics.f1") == ["try-2", "try-1"])
        #expect(attempt.refusal("POST", "runs/search", #"{"filter": "metrics.f1 LIKE 'x'"}"#) == .invalidValue)
    }

    @Test(
        "what is wrong has MLflow's code",
        arguments: [
            ("GET", "runs/get?run_id=nowhere", "", MLflowRefusal.Code.unknown),
            ("GET", "runs/get", "", .invalidValue),
            ("GET", "experiments/get-by-name?experiment_name=none", "", .unknown),
            ("POST", "runs/create", #"{"experiment_id": "77"}"#, .unknown),
            (
                "POST", "runs/log-metric", #"{"run_id": "RUN", "key": "a", "value": "much", "timestamp": 1}"#,
                .invalidValue
            ),
            ("POST", "runs/log-metric", #"{"run_id": "RUN", "key": "a", "value": 1, "step": 1.5}"#, .invalidValue),
            ("POST", "runs/log-metric", #"{"run_id": "RUN", "value": 1}"#, .invalidValue),
            ("POST", "runs/log-metric", #"{"run_id": "RUN", "key": "a"}"#, .invalidValue),
            ("POST", "runs/update", #"{"run_id": "RUN", "status": "DONE"}"#, .invalidValue),
            ("POST", "runs/create", "{", .badRequest), ("POST", "runs/create", "[1]", .badRequest),
            ("POST", "registered-models/create", #"{"name": "a"}"#, .noSuchCall),
            ("DELETE", "runs/get", "", .noSuchCall),
        ])
    func codes(method: String, path: String, body: String, code: MLflowRefusal.Code) throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        let before = attempt.changes.count
        #expect(attempt.refusal(method, path, body.replacing("RUN", with: run)) == code)
        #expect(attempt.changes.count == before)
    }

    @Test("a parameter is written once; a batch that would change one is refused whole")
    func parameters() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        func batch(_ value: String) -> String {
            #"{"run_id": "\#(run)", "metrics": [{"key": "m", "value": 1, "timestamp": 1}], "#
                + #""params": [{"key": "lr", "value": "\#(value)"}]}"#
        }
        try attempt.ask("POST", "runs/log-batch", batch("0.1"))
        try attempt.ask("POST", "runs/log-batch", batch("0.1"))
        #expect(attempt.refusal("POST", "runs/log-batch", batch("0.2")) == .invalidValue)
        #expect(attempt.record.runs[0].parameters == ["lr": "0.1"])
        #expect(attempt.record.report.parameters == [Parameter("lr", "0.1")])
    }

    // MARK: - Hostile input

    @Test("names, values, depth and numbers have limits")
    func limits() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        func metric(_ name: String) -> String {
            #"{"run_id": "\#(run)", "key": "\#(name)", "value": 1, "timestamp": 1}"#
        }
        #expect(attempt.refusal("POST", "runs/log-metric", metric(String(repeating: "n", count: 251))) == .invalidValue)
        #expect(attempt.refusal("POST", "runs/log-metric", metric(String(repeating: "n", count: 250))) == nil)
        let value = String(repeating: "v", count: 6_001)
        #expect(
            attempt.refusal("POST", "runs/log-parameter", #"{"run_id": "\#(run)", "key": "a", "value": "\#(value)"}"#)
                == .invalidValue)
        let deep = String(repeating: "[", count: 100_000)
        #expect(attempt.refusal("POST", "runs/log-batch", #"{"run_id": \#(deep)"#) == .badRequest)
        let many = Array(repeating: #"{"key": "a", "value": 1, "timestamp": 1}"#, count: 1_001).joined(separator: ",")
        #expect(
            attempt.refusal("POST", "runs/log-batch", #"{"run_id": "\#(run)", "metrics": [\#(many)]}"#) == .invalidValue
        )
        #expect(attempt.refusal("POST", "runs/log-metric", metric("NaN").replacing("1,", with: "-Infinity,")) == nil)
    }

    @Test("names without end are refused, and so are texts without end; what came before stays")
    func names() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        var refused = 0
        for block in 0..<6 {
            let metrics = (0..<1_000).map { #"{"key": "m\#(block)-\#($0)", "value": 1, "timestamp": 1}"# }
            let body = #"{"run_id": "\#(run)", "metrics": [\#(metrics.joined(separator: ","))]}"#
            if attempt.refusal("POST", "runs/log-batch", body) == .tooMuch { refused += 1 }
        }
        #expect(refused == 1 && attempt.record.runs[0].series.count == MLflowRecord.seriesLimit)
        let value = String(repeating: "v", count: 7_000)
        let outcomes = (0..<1_300).map { index in
            attempt.refusal(
                "POST", "runs/set-tag", #"{"run_id": "\#(run)", "key": "t\#(index)", "value": "\#(value)"}"#)
        }
        #expect(outcomes.last == .tooMuch && outcomes.first == .some(nil))
        // A tag that is set again takes the place of the old one.
        for _ in 0..<1_300 {
            #expect(
                attempt.refusal("POST", "runs/set-tag", #"{"run_id": "\#(run)", "key": "t0", "value": "\#(value)"}"#)
                    == nil)
        }
    }

    @Test("points without end are thinned: the first and the last stay, and memory has a bound")
    func points() throws {
        var series = MLflowSeries()
        for step in 0..<100_000 {
            series.add(MLflowSample(name: "loss", value: MetricValue(Double(step)), timestamp: 1, step: Int64(step)))
        }
        #expect(series.points.count <= MLflowSeries.pointLimit && series.points.count >= MLflowSeries.pointLimit / 2)
        let steps = series.curve(named: "loss").points.map(\.step)
        #expect(steps.first == 0 && steps.last == 99_999)
        let gaps = Set(zip(steps, steps.dropFirst()).map { $1 - $0 }.dropLast())
        #expect(gaps.count == 1)
    }

    @Test("each point is kept once, in whatever order they come, and what is no number as well")
    func order() {
        var series = MLflowSeries()
        for (step, value) in [(2, 0.2), (3, Double.nan), (1, 0.1)] {
            series.add(MLflowSample(name: "loss", value: MetricValue(value), timestamp: 1, step: Int64(step)))
        }
        #expect(series.all.map(\.step) == [2, 3, 1])
        #expect(series.last?.step == 3)
        #expect(series.curve(named: "loss").points.map(\.step) == [1, 2, 3])
    }

    // MARK: - What comes of it

    @Test("the same changes give the same record again, in full and in short")
    func again() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        for step in 0..<600 { try attempt.log("loss", [(step, "0.\(step)")], to: run) }
        try attempt.ask("POST", "runs/delete", #"{"run_id": "\#(try attempt.run("b"))"}"#)
        try attempt.ask("POST", "runs/set-tag", #"{"run_id": "\#(run)", "key": "a", "value": "b"}"#)
        var long = MLflowRecord()
        for change in attempt.changes { long.apply(change) }
        var short = MLflowRecord()
        let stored = try JSONEncoder().encode(long.changes)
        for change in try JSONDecoder().decode([MLflowRecord.Change].self, from: stored) { short.apply(change) }
        #expect(long.report == attempt.record.report && short.report == attempt.record.report)
        #expect(short.runs.map(\.isDeleted) == [false, true] && short.runs[0].tags == attempt.record.runs[0].tags)
        #expect(long.changes.count < attempt.changes.count / 10)
    }

    @Test("the value at the greatest step is a name's metric, and several values are a curve")
    func metrics() throws {
        var attempt = Attempt()
        let run = try attempt.run("a")
        try attempt.log("loss", [(2, "0.2"), (1, "0.5"), (2, "0.3")], to: run)
        try attempt.log("f1", [(0, "0.8")], to: run)
        try attempt.log("system/cpu", [(0, "0.8")], to: run)
        let report = attempt.record.report
        #expect(Set(report.metrics) == [Metric("f1", 0.8), Metric("loss", 0.3)])
        #expect(
            report.curves == [Curve(name: "loss", points: [.init(step: 1, value: 0.5), .init(step: 2, value: 0.3)])])
    }

    @Test("of several runs the one begun last counts, nested ones have names before theirs, deleted ones are none")
    func runs() throws {
        var attempt = Attempt()
        let first = try attempt.run("first")
        let second = try attempt.run("second")
        let child = try attempt.run("child", in: second)
        let grandchild = try attempt.run("deep", in: child)
        let gone = try attempt.run("gone")
        for (run, value) in [(first, "1"), (second, "2"), (child, "3"), (grandchild, "4"), (gone, "5")] {
            try attempt.log("f1", [(0, value)], to: run)
        }
        try attempt.log("auc", [(0, "9")], to: first)
        try attempt.ask("POST", "runs/delete", #"{"run_id": "\#(gone)"}"#)
        let report = attempt.record.report
        #expect(
            Set(report.metrics)
                == [Metric("f1", 2), Metric("auc", 9), Metric("child/f1", 3), Metric("child/deep/f1", 4)])
        #expect(report.remarks == ["MLflow: f1 is in several runs; that of the run begun last counts"])
        // A run that says it is its own parent ends as well.
        try attempt.ask(
            "POST", "runs/set-tag", #"{"run_id": "\#(first)", "key": "mlflow.parentRunId", "value": "\#(first)"}"#)
        #expect(attempt.record.report.metrics.count == 5)
    }
}
