import PipelineModel
import Testing

@testable import Evaluation

@Suite("a report")
struct ReportTests {
    private func report() -> PullRequestReport {
        PullRequestReport(
            pipeline: 128, page: "https://pawl.example.com/128", commit: "7fd1a60aaaaa", standing: "✓ Passed: 2 jobs.")
    }

    private func curve(_ values: [Double]) -> Curve {
        Curve(name: "f1", points: values.enumerated().map { .init(step: Int64($0) * 1_000, value: $1) })
    }

    @Test("curves are drawn as blocks and as a chart, of several seeds their mean")
    func curves() {
        var report = report()
        report.curves = [
            .init(
                name: "f1", this: [curve([0.6, 0.7, 0.8]), curve([0.62, 0.72, 0.82])],
                base: [curve([0.6, 0.75, 0.85])])
        ]
        report.parameters = [
            .init(name: "warmup_steps", old: "2000", new: "1000"), .init(name: "aug", old: nil, new: "flip"),
        ]
        let text = report.markdown(mark: "m")
        #expect(text.contains("f1  this  ▁▄▇  0.8100     before  ▁▅█  0.8500"), "\(text)")
        #expect(text.contains("    title \"f1, mean of 2 seeds\"\n    x-axis \"step\" 0 --> 2000"))
        #expect(text.contains("    line [0.6100, 0.7100, 0.8100]\n    line [0.6000, 0.7500, 0.8500]"))
        #expect(text.contains("**Changed** warmup\\_steps 2000 → 1000 · aug – → flip"))
        #expect(text.hasSuffix("<!-- m -->\n"))
    }

    @Test("names of strangers are text: no markup, no mention, no link, no end of the table")
    func hostile() {
        let name = "</details>|`x`\n# [click](https://evil.example) @everyone <img src=x> \u{1B}[31m\u{202E}"
        var report = report()
        report.jobs = [.init(name: name, seeds: 1, result: "✓ passed", time: "1s", place: name, note: name)]
        report.parameters = [.init(name: name, old: name, new: name)]
        report.ruleChanges = [name]
        report.rulesOf = name
        report.override = (name, name, "now")
        report.curves = [.init(name: name, this: [curve([1, 2])], base: [])]
        // A search for text does not see joiners that have no width.
        let text = String(
            String.UnicodeScalarView(report.markdown(mark: "m").unicodeScalars.map { $0 == "\u{2060}" ? "¬" : $0 }))
        for bad in ["</details>|", "](https://evil", "@everyone", "<img", "\u{1B}", "\u{202E}", "\n# "] {
            #expect(!text.contains(bad), "\(bad.debugDescription) in \(text)")
        }
        #expect(text.components(separatedBy: "<details>").count == text.components(separatedBy: "</details>").count)
        let row = text.split(separator: "\n").first { $0.hasPrefix("| &lt;") }
        #expect(row?.replacing("\\|", with: "").count { $0 == "|" } == 6)
    }

    @Test("however much there is to tell, it is no longer than forges take")
    func bounded() {
        let long = String(repeating: "🦊|", count: 200)
        var report = report()
        report.jobs = (0..<5_000).map {
            .init(name: "\(long)\($0)", seeds: 1, result: "✓", time: "1s", place: long, note: long)
        }
        report.parameters = (0..<500).map { .init(name: "\(long)\($0)", old: long, new: long) }
        report.ruleChanges = (0..<500).map { "\(long)\($0)" }
        report.curves = (0..<64).map { .init(name: "\(long)\($0)", this: [curve([1, 2, 3])], base: []) }
        var question = GateCase(
            rules: (0..<300).map { GateRule(metric: "\(long)\($0)", want: .higher) }, candidate: [1: MetricReport()])
        question.settings.noBaseline = .block
        report.verdicts = [("evaluate", GateJudge(question).verdict())]
        let text = report.markdown(mark: "m")
        #expect(text.utf8.count <= PullRequestReport.limit)
        #expect(text.hasSuffix("<!-- m -->\n"))
        #expect(text.hasPrefix("**✗ No "))
    }

    @Test("numbers are written with four digits, their signs and their thousands")
    func numbers() {
        #expect(
            NumberText.of(0.80382) == "0.8038" && NumberText.of(29.004) == "29.00"
                && NumberText.of(12_345.6) == "12,346")
        #expect(NumberText.of(0) == "0" && NumberText.of(3) == "3" && NumberText.of(-0.5) == "−0.5000")
        #expect(NumberText.of(1e-9) == "1.000e-9" && NumberText.of(.nan) == "NaN" && NumberText.of(-.infinity) == "−∞")
        #expect(NumberText.change(0.0002, decimals: 4) == "+0.0002" && NumberText.change(0, decimals: 2) == "0.00")
        #expect(NumberText.change(-0.00001, decimals: 4) == "0.0000")
    }
}
