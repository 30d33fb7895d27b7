import PipelineModel
import Testing

@testable import Evaluation

@Suite("metric files")
struct MetricFileTests {
    private func read(_ text: String, _ path: String = "metrics.txt") throws -> [Metric] {
        try MetricFile.read(Array(text.utf8), path: path).metrics
    }

    @Test("OpenMetrics text: a sample's labels are part of its name, timestamps and exemplars are read over")
    func openMetrics() throws {
        let metrics = try read(
            """
            # TYPE model_f1_ratio gauge
            # HELP model_f1_ratio F1 of the \\"test\\" split
            model_f1_ratio{split="test",seed="mean"} 0.8038
            loss 1.5e-3 1700000000.5
            rows_total 17 # {trace_id="x"} 1 2
              spaced { a = "b c" , d="e\\"f\\\\g" }   -3
            # EOF
            """)
        #expect(
            metrics == [
                Metric("model_f1_ratio{split=test,seed=mean}", 0.8038), Metric("loss", 0.0015),
                Metric("rows_total", 17), Metric("spaced{a=b c,d=e\"f\\g}", -3),
            ])
    }

    @Test("a number may be none, or infinite, however Python and OpenMetrics write that")
    func nonFinite() throws {
        let metrics = try read("a NaN\nb +Inf\nc -inf\nd nan\n")
        #expect(metrics.map(\.value.number.isFinite) == [false, false, false, false])
        #expect(metrics[1].value.number == .infinity && metrics[2].value.number == -.infinity)
        let tree = try read(#"{"a": NaN, "b": Infinity, "c": -Infinity, "d": "NaN", "e": "0.5", "f": "fine"}"#)
        #expect(tree.map(\.name) == ["a", "b", "c", "d"])
    }

    @Test("JSON, flat or nested, as DVC reads it")
    func json() throws {
        let metrics = try read(
            #"{"acc": 0.9643, "val": {"loss": [0.5], "top": [1, 2]}, "name": "x", "ok": true, "n": null, "big": 1e3}"#,
            "m.json")
        #expect(
            metrics == [
                Metric("acc", 0.9643), Metric("big", 1000), Metric("val.loss", 0.5), Metric("val.top.0", 1),
                Metric("val.top.1", 2),
            ])
    }

    @Test("a table of names and numbers, with or without a line of column names")
    func pairs() throws {
        let expected = [Metric("f1", 0.81), Metric("p 99, ms", 29)]
        #expect(try read("metric,value\nf1,0.81\n\"p 99, ms\",29\n", "m.csv") == expected)
        #expect(try read("f1\t0.81\r\np 99, ms\t29\r\n", "m.tsv") == expected)
    }

    @Test("a table of steps: each column is a curve, its last number the metric")
    func steps() throws {
        let report = try MetricFile.read(Array("epoch,loss,note\n1,0.9,warm\n2,0.5,\n4,0.25,\n".utf8), path: "log.csv")
        #expect(report.metrics == [Metric("loss", 0.25)])
        #expect(
            report.curves == [
                Curve(
                    name: "loss",
                    points: [.init(step: 1, value: 0.9), .init(step: 2, value: 0.5), .init(step: 4, value: 0.25)])
            ])
    }

    @Test("the last of two values of one name counts")
    func twice() throws { #expect(try read("f1 0.5\nf1 0.7\n") == [Metric("f1", 0.7)]) }

    @Test(
        "what is no metric file is told in a line",
        arguments: [
            ("f1 = 0.5", "m.txt", "line 1 is not a sample: write  name value"), ("{", "m.json", "it is not JSON"),
            ("[1, 2]", "m.json", "it must be a map of names to numbers"), ("f1 0x10", "m", "line 1 is not a sample"),
            ("a{b=\"c} 1", "m", "line 1 is not a sample"), ("f1 1e999", "m", "line 1 is not a sample"),
            ("a: &x [1]\nb: *x", "m.yaml", "YAML with aliases (*name) is not read"),
            ("a: [", "m.yml", "it is not YAML"),
        ])
    func wrong(text: String, path: String, words: String) {
        let error = #expect(throws: UnreadableFile.self) { try read(text, path) }
        #expect(error?.description.hasPrefix("\(path): \(words)") == true, "\(String(describing: error))")
    }

    @Test("depth, size, and what is not UTF-8 are bounded")
    func hostile() {
        let deep = String(repeating: "{\"a\":", count: 300) + "1" + String(repeating: "}", count: 300)
        #expect(throws: UnreadableFile.self) { try read(deep, "m.json") }
        #expect(throws: UnreadableFile.self) { try read(String(repeating: "[", count: 100_000), "m.yaml") }
        #expect(throws: UnreadableFile.self) {
            try MetricFile.read([UInt8](repeating: 48, count: MetricFile.sizeLimit + 1), path: "m")
        }
        #expect(throws: UnreadableFile.self) { try MetricFile.read([0xFF, 0xFE], path: "m") }
    }

    @Test("parameters of YAML and JSON")
    func parameters() throws {
        let yaml = "lr: 1e-4\nmodel:\n  depth: 12\n  name: \"b16\"\n  aug: [flip, crop]\n  ema: true\n"
        #expect(
            try MetricFile.parameters(Array(yaml.utf8), path: "params.yaml") == [
                Parameter("lr", "1e-4"), Parameter("model.depth", "12"), Parameter("model.name", "b16"),
                Parameter("model.aug.0", "flip"), Parameter("model.aug.1", "crop"), Parameter("model.ema", "true"),
            ])
        #expect(
            try MetricFile.parameters(Array(#"{"lr": 0.5, "n": 3}"#.utf8), path: "p.json") == [
                Parameter("lr", "0.5"), Parameter("n", "3"),
            ])
    }

    @Test("a dvc.yaml names the files to read")
    func dvc() throws {
        let text = """
            params: [top.json]
            metrics: [summary.json]
            stages:
              train:
                cmd: python train.py
                wdir: sub
                params: [train.lr, other.json: [epochs], cfg.yaml: null]
                metrics: [metrics.json: {cache: false}, "${name}.json"]
              grid: {matrix: {a: [1]}, cmd: x}
            """
        let file = try DVCFile(Array(text.utf8), path: "ml/dvc.yaml")
        #expect(file.metrics == ["ml/summary.json", "ml/sub/metrics.json"])
        #expect(
            file.parameters == [
                "ml/params.yaml", "ml/top.json", "ml/sub/params.yaml", "ml/sub/other.json", "ml/sub/cfg.yaml",
            ])
    }

    @Test("a report keeps within its limits, and the metrics of the gate last of all are left out")
    func bounds() throws {
        let metrics = (0..<1_000).map { Metric("m\($0)", 1) } + [Metric("f1", 0.5)]
        let long = Metric(String(repeating: "x", count: 251), 1)
        let points = (0..<10_000).map { Curve.Point(step: Int64($0), value: 1) }
        let report = MetricReport(metrics: [long] + metrics, curves: [Curve(name: "c", points: points)])
            .bounded(keeping: ["f1"])
        #expect(report.metrics.count == 500 && report.metrics.first?.name == "f1")
        #expect(report.remarks == ["501 metrics are left out: 500 are kept of an attempt"])
        let kept = try #require(report.curves.first?.points)
        #expect(kept.count == 256 && kept.first?.step == 0 && kept.last?.step == 9_999)
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.step < $1.step })
    }
}
