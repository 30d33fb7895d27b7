import Evaluation
import Foundation
import PipelineModel
import Store
import Testing

@testable import Server

@Suite("What a person sees of a report", .needsBrowser, .timeLimit(.minutes(3)))
struct RenderedTests {
    private static let hostile = "</details><img src=x onerror=alert(1)>|`<script>`[click](https://evil.example) @all"

    /// The report on a pull request whose f1 is worse, with much beside it.
    private func report(name: String) async throws -> (report: PullRequestReport, view: PipelineDetailView) {
        let bench = try await JudgingBench()
        try await bench.run(.main("a1"), [0.812, 0.807, 0.815, 0.809, 0.811])
        let id = try await bench.run(.pull(42, "b1aaaaaaaa", after: ["a1"]), [0.804, 0.801, 0.809, 0.799, 0.806])
        let detail = try #require(try await bench.store.pipeline(id))
        let gathering = ReportGathering(store: bench.store, pageURL: { "https://pawl.example.com/\($0)" }, mirrors: nil)
        var report = try await gathering.report(on: detail, now: JudgingBench.now)
        report.verdicts[0].verdict.baseline?.name = name
        func curve(_ values: [Double]) -> Curve {
            Curve(name: "f1", points: values.enumerated().map { .init(step: Int64($0) * 1_000, value: $1) })
        }
        report.curves = [
            .init(name: "f1", this: [curve([0.61, 0.69, 0.78, 0.8038])], base: [curve([0.61, 0.7, 0.8, 0.8108])])
        ]
        report.parameters = [.init(name: "warmup_steps", old: "2000", new: "1000")]
        report.files = [
            .init(path: "src/train/schedule.py", added: 12, removed: 4), .init(path: name, added: 1, removed: 0),
        ]
        report.same = ["image of train sha256:77b0aaaaaaaa", "GPU model A100", "gate rules of main"]
        report.tests = TestReport(
            passed: 211, failed: 1, skipped: 3,
            failures: [
                FailedCase(
                    name: "test_round_trip[emoji] \(name)", file: "tests/test_tokens.py", line: 88,
                    message: [#"assert decode(encode("🦊")) == "🦊""#, String(repeating: "x", count: 200), name])
            ])
        report.coverage = [CoverageFigure(node: "test", percent: 87.4, before: 87.2)]
        report.spent = "0.81 GPU-hours, 0.25 kWh, 0.73 EUR"
        return (report, PipelineDetailView(detail, at: JudgingBench.now))
    }

    private func check(_ sight: Browser.Sight, _ name: String) {
        #expect(!sight.overflows)
        #expect(sight.images == 0 && sight.scripts == 0)
        #expect(!sight.links.contains { $0.contains("evil") }, "\(sight.links)")
        let text = sight.text.replacing("\u{2060}", with: "")
        #expect(!text.contains("\\"), "a sign that hides another is seen itself: \(text)")
        for words in [
            "✗ Not yet: f1 is worse than on \(name)", "by 0.0070. The gate allows 0.0020.", "0.8038", "0.8108",
            "−0.0101 to −0.0039", "worse, allowed −0.0020", "tests/test_tokens.py:88", "test_round_trip[emoji]",
            #"assert decode(encode("🦊")) == "🦊""#, "warmup_steps 2000 → 1000", "src/train/schedule.py +12 −4",
            "GPU model A100", "Tests 1 failed, 211 passed, 3 skipped · coverage 87.4 % (+0.2)",
            "0.81 GPU-hours, 0.25 kWh, 0.73 EUR", "0.8038     before",
        ] {
            #expect(text.contains(words), "\(words) in \(text)")
        }
    }

    @Test("the comment and the page of a pipeline tell the same, fit, and have their charts")
    func whole() async throws {
        let (report, view) = try await report(name: "main")
        let comment = try await Browser.look(
            at: Browser.rendered(report.markdown(mark: "pawl:report")), named: "comment")
        check(comment, "main")
        #expect(comment.charts == 1 && comment.folded == 3)
        #expect(comment.links == ["https://pawl.example.com/2"])
        check(try await Browser.look(at: page(report, view), named: "page"), "main")
    }

    @Test("a hostile name of a branch, a file or a test is text in both")
    func hostile() async throws {
        let (report, view) = try await report(name: Self.hostile)
        let comment = try await Browser.look(
            at: Browser.rendered(report.markdown(mark: "pawl:report")), named: "comment-hostile")
        let page = try await Browser.look(at: page(report, view), named: "page-hostile")
        for sight in [comment, page] {
            #expect(!sight.overflows && sight.images == 0 && sight.scripts == 0)
            #expect(!sight.links.contains { $0.contains("evil") }, "\(sight.links)")
            #expect(sight.text.contains("[click](https"))
            #expect(sight.text.contains("src/train/schedule.py") && sight.text.contains("0.8038"))
        }
        #expect(comment.charts == 1 && comment.folded == 3)
        #expect(page.text.contains(Self.hostile))
    }

    /// The page as the server makes it, with its style within.
    private func page(_ report: PullRequestReport, _ view: PipelineDetailView) throws -> String {
        let library = try PageLibrary()
        let content = library.render(
            .pipeline, PageValues.Pipeline(view, report: report, links: PageLinks(grant: nil)))
        let frame = PageValues.Frame(title: "#2", nonce: "n", isLive: false, reader: nil, content: content)
        return library.render(.frame, frame)
            .replacing(#"<link rel="stylesheet" href="/assets/pawl.css">"#, with: "<style>\(StyleSheet.text)</style>")
    }
}
