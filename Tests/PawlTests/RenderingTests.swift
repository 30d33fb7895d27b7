import Evaluation
import Foundation
import PipelineModel
import Server
import Store
import Testing

@testable import pawl

@Suite struct RenderingTests {
    private func failedByScript() throws -> PipelineDetailView {
        try Sample.pipeline(
            state: "failed",
            jobs: [
                Sample.job(
                    "test", "failed", failure: Sample.failure("script", "exit 1 after  pytest --junitxml=junit.xml"),
                    start: 0, end: 38, attempts: [Sample.attempt(1, runner: "cpu2", state: "failed", claimed: 0)]),
                Sample.job("train", "not_run", needs: ["test"], because: "test"),
            ])
    }

    @Test("a failure of the script says so from the first line on, and what helps last")
    func script() throws {
        let lines = PipelineRendering(try failedByScript(), on: .plain()).lines()
        #expect(
            lines == [
                "churn #127  ✗ failed  38s         Use the new tokenizer  a90b1c2  tok → main  !39",
                "  pull request by mira 14:03:04, first container 14:03:04, ended 14:03:42",
                "",
                "    test   ✗ failed   38s  cpu2  your script: exit 1 after  pytest --junitxml=junit.xml",
                "    train  – not run             needs test",
                "",
                "  next       pawl logs 127/test   what it wrote",
                "             pawl retry 127/test  if it failed by accident",
            ])
    }

    @Test("tests that failed stand below the jobs, each with its place and what it says")
    func failedTests() throws {
        let findings = """
            {"tests":{"passed":211,"failed":7,"errored":0,"skipped":3,"milliseconds":31000,"failures":[
             {"name":"test_round_trip[emoji]","suite":"tests.test_tokens","file":"tests/test_tokens.py","line":88,
              "message":["assert decode(encode(\\"🦊\\")) == \\"🦊\\"","AssertionError: '<unk>' == '🦊'"]},
             {"name":"\\u001b[31mred","suite":"tests.hostile","message":[]}]}}
            """
        let passed =
            #"{"tests":{"passed":3,"failed":0,"errored":0,"skipped":0,"milliseconds":1,"failures":[]},"coverage":87.44}"#
        let view = try Sample.pipeline(
            state: "failed",
            jobs: [
                Sample.job(
                    "test", "failed", failure: Sample.failure("script", "exit 1 after  pytest"), summary: "7 failed",
                    start: 0, end: 38,
                    attempts: [
                        Sample.attempt(1, runner: "cpu2", state: "failed", claimed: 0, findings: findings)
                    ]),
                Sample.job(
                    "lint", "passed", summary: "3 passed", start: 0, end: 2,
                    attempts: [Sample.attempt(1, runner: "cpu2", state: "passed", claimed: 0, findings: passed)]),
            ])
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(
            lines[3...10] == [
                "    test  ✗ failed    38s  cpu2  your script: exit 1 after  pytest",
                "    lint  ✓ passed  2.0 s  cpu2  3 passed, coverage 87.4 %", "",
                "  tests/test_tokens.py:88  test_round_trip[emoji]                    7 failed, 211 passed, 3 skipped",
                "      assert decode(encode(\"🦊\")) == \"🦊\"", "      AssertionError: '<unk>' == '🦊'",
                "  tests.hostile   [31mred", "  and 5 more",
            ], "\(lines)")
    }

    @Test("a failure of Pawl's side looks different from the first line on, with every attempt")
    func ours() throws {
        let failure = Sample.failure("image", "registry.example.com: 503 while pulling", isOurs: true)
        let view = try Sample.pipeline(
            state: "system", title: "Bump numpy",
            jobs: [
                Sample.job(
                    "test", "failed", failure: failure, start: 0, end: 131,
                    attempts: [
                        Sample.attempt(1, runner: "cpu1", state: "failed", claimed: 0, failure: failure),
                        Sample.attempt(2, runner: "cpu1", state: "failed", claimed: 32, failure: failure),
                    ])
            ], finished: 131)
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(lines[0].hasPrefix("churn #127  ! Pawl's side  2m 11s"))
        #expect(lines[3].hasPrefix("    test  ! system  2m 11s  cpu1  2 attempts, Pawl's side failed each: "))
        #expect(lines[4] == "        1  14:03:04  image  registry.example.com: 503 while pulling")
        #expect(lines.contains { $0.contains("This is not your change.") })
        #expect(lines.last?.contains("pawl retry 127 --failed") == true)
    }

    @Test("a mistake of the pipeline file is shown with its line and the place marked")
    func diagnostic() throws {
        let diagnostics = """
            [{"severity":"error","message":"needs: \\"trian\\" is not a job of this pipeline. Did you mean \\"train\\"?",
              "place":{"file":".pawl.yml","line":22,"column":11},"line":"  needs: [trian]","length":5}]
            """
        let view = try Sample.pipeline(
            state: "not_planned", title: "Add sweep", jobs: [], finished: 0, diagnostics: diagnostics)
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(
            lines.suffix(4) == [
                "  .pawl.yml:22:11  error    needs: \"trian\" is not a job of this pipeline. Did you mean \"train\"?",
                "                            needs: [trian]",
                "                                    ^^^^^",
                "  nothing ran. Checked before a push next time:  pawl lint",
            ])
    }

    @Test("a narrow terminal loses columns from the right, never a line's end", arguments: [20, 30, 44, 60, 80, 100])
    func narrow(_ width: Int) throws {
        let terminal = Terminal.plain(width: width)
        let lines = PipelineRendering(try failedByScript(), on: terminal).lines()
        let widest = lines.map(\.columns).max() ?? 0
        #expect(widest <= width)
        #expect(lines[3].contains("test") && lines[3].contains("✗ failed"))
    }

    @Test("without UTF-8 every sign is a word, and without colours nothing is lost")
    func ascii() throws {
        let lines = PipelineRendering(try failedByScript(), on: .plain(isUnicode: false)).lines()
        let isASCII = lines.joined().utf8.allSatisfy { $0 < 0x80 }
        #expect(isASCII)
        #expect(lines[0].hasPrefix("churn #127  FAIL  38s"))
        var colourful = Terminal.plain()
        colourful.hasColour = true
        let coloured = PipelineRendering(try failedByScript(), on: colourful).lines().joined(separator: "\n")
        let plain = PipelineRendering(try failedByScript(), on: .plain()).lines().joined(separator: "\n")
        var stripper = ANSIText()
        #expect(stripper.take(Array(coloured.utf8)).map(\.text).joined() == plain)
        #expect(coloured != plain)
    }

    @Test("what strangers named never steers the terminal")
    func hostile() throws {
        let evil = "\u{1B}]0;owned\u{7}\u{202E}\r\nname"
        let view = try Sample.pipeline(state: "running", title: evil, jobs: [Sample.job(evil, "ready")], finished: nil)
        let text = PipelineRendering(view, on: .plain()).lines().joined()
        let isSafe = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" && $0.value != 0x7F }
        #expect(isSafe)
    }

    @Test("a terminal's lines are rewritten, and elsewhere each change is told once")
    func live() throws {
        var written = ""
        var screen = LiveView(on: .plain(isInteractive: true)) { written += $0 }
        screen.show(["a", "b"], events: [])
        screen.show(["a", "c"], events: [])
        #expect(written.hasSuffix("\u{1B}[2A\r\u{1B}[2Ka\n\r\u{1B}[2Kc\n"))
        written = ""
        var tall = LiveView(on: .plain(isInteractive: true)) { written += $0 }
        tall.show((0...60).map { "line \($0)" }, events: [])
        #expect(written.contains("line 0\n") && written.hasSuffix("line 60\n"))
        #expect(!written.contains("line 1\n") && written.split(separator: "\n").count == 39)

        let running = try Sample.pipeline(state: "running", jobs: [Sample.job("test", "ready")], finished: nil)
        let passed = try Sample.pipeline(
            state: "passed",
            jobs: [
                Sample.job(
                    "test", "passed", summary: "14 passed", start: 2, end: 5,
                    attempts: [Sample.attempt(1, runner: "cpu1", state: "passed", claimed: 1)])
            ])
        var journal = PipelineJournal(terminal: .plain())
        #expect(journal.events(of: running) == ["14:04:04  test  ○ waiting  for a runner"])
        #expect(journal.events(of: running).isEmpty)
        #expect(journal.events(of: passed) == ["14:04:04  test  ✓ passed  3.0 s  14 passed"])
    }

    @Test("why says since when and in which place it waits")
    func why() {
        let view = WhyView(
            pipeline: 131, job: "train", state: .ready, failure: nil, answer: "for a runner: all are busy.",
            since: at(0), place: 2, facts: [.init(about: "runners", text: "local  2 jobs at once  may take it")],
            helps: [HelpView("pawl list", "what runs before it")], at: at(372))
        #expect(
            WhyRendering(view: view, terminal: .plain(width: 60)).lines() == [
                "○ waiting: for a runner: all are busy.       6m 12s, place 2",
                "",
                "  runners    local  2 jobs at once  may take it",
                "",
                "  would help  pawl list  what runs before it",
            ])
    }

    @Test("a long answer goes on below, and nothing is wider than the terminal")
    func longWhy() {
        let answer = "Pawl's side failed, not your change: the image registry.example.com/ml/churn:2026-11 was refused."
        let view = WhyView(
            pipeline: 131, job: "train", state: .failed, failure: .image, answer: answer, since: at(0), place: nil,
            facts: [], helps: [], at: at(372))
        let lines = WhyRendering(view: view, terminal: .plain(width: 60)).lines()
        #expect(lines[0].hasPrefix("! system: Pawl's side failed, not your change:"))
        #expect(lines.last?.hasSuffix("14:03:04") == true)
        #expect(lines.allSatisfy { $0.columns <= 60 })
    }

    @Test("a job that no runner can ever take says when it ends by itself")
    func whyItEnds() {
        let view = WhyView(
            pipeline: 132, job: "train", state: .ready, failure: nil, answer: "no runner can ever take it.",
            since: at(0), place: nil, endsAt: at(1_800),
            facts: [.init(about: "asks for", text: "tag h100")], helps: [HelpView("pawl runner list")], at: at(60))
        #expect(
            WhyRendering(view: view, terminal: .plain(width: 70)).lines() == [
                "○ waiting: no runner can ever take it.                          1m 00s",
                "",
                "  asks for   tag h100",
                "",
                "  It ends by itself as \"no runner\" at 14:33:04.",
                "",
                "  would help  pawl runner list",
            ])
    }

    @Test("a check's help is whole, and what it does stands below where it finds no room")
    func checks() {
        let help = HelpView("pawl backup --to FILE", "a consistent copy while the server runs; keep the key apart")
        let lines = CheckRendering.lines(
            [CheckView("backup", .attention, "none yet", helps: [help])], on: .plain(width: 60))
        #expect(lines[1].hasSuffix("pawl backup --to FILE"))
        #expect(lines.allSatisfy { $0.columns <= 60 })
    }

    @Test("a file with mistakes is told of in the look's words")
    func lintSummary() {
        let view = LintView(.refused([Diagnostic(.error, "x"), Diagnostic(.warning, "y")]), file: ".pawl.yml")
        #expect(view.lines(on: .plain()).last == ".pawl.yml read, 1 error, 1 warning")
    }

    @Test("a retry is told as the look has it, with the time it took at the right")
    func retry() {
        let view = ChangeView(
            pipeline: 126, text: "",
            jobs: [
                .init(name: "test", text: "attempt 4 queued, its status is pending again on the forge"),
                .init(name: "train", text: "was not run for want of test, waits for it again"),
            ])
        let lines = ChangeRendering.lines(view, took: .milliseconds(180), on: .plain())
        #expect(lines[0].hasPrefix("test   attempt 4 queued, its status is pending again on the forge  "))
        #expect(lines[0].hasSuffix("  180 ms") && lines[0].columns == 100)
        #expect(lines[1] == "train  was not run for want of test, waits for it again")
    }

    @Test("an attempt that went on from a checkpoint says from whose, and what was used stands below the jobs")
    func checkpoint() throws {
        var view = try Sample.pipeline(
            state: "passed",
            jobs: [
                Sample.job(
                    "train", "passed", summary: "step 12,000", start: 0, end: 38,
                    attempts: [
                        Sample.attempt(1, runner: "gpu1", state: "given_back", claimed: 0),
                        Sample.attempt(2, runner: "gpu2", state: "passed", claimed: 20),
                    ])
            ])
        view.jobs[0].attempts[0].usage = AttemptUsage(wallMs: 1_000_000, gpuMs: 2_000_000)
        view.jobs[0].attempts[1].resumedFrom = 1
        view.jobs[0].attempts[1].usage = AttemptUsage(
            wallMs: 460_000, cpuMs: 61_000, peakMemory: .gibibytes(17), gpuMs: 916_000, energyJ: 900_000,
            cost: Cost(millionths: 731_000, currency: "EUR"))
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(lines.contains { $0.hasSuffix("passed      went on from the checkpoint of attempt 1") }, "\(lines)")
        #expect(
            lines.contains(
                "  spent      0.81 GPU-hours   0.25 kWh   0.73 EUR   1m 01s of CPU   24m 20s on runners   peak 17 GiB"),
            "\(lines)"
        )
        #expect(JobText(view.jobs[0], of: view).text == "step 12,000")
        view.jobs[0].state = .running
        #expect(JobText(view.jobs[0], of: view).text == "attempt 2, from the checkpoint of attempt 1")
    }

    @Test("a verdict is drawn metric by metric, and what the gate failed is not offered to be retried")
    func verdict() throws {
        func reports(_ values: [Double]) -> [Int: MetricReport] {
            Dictionary(
                uniqueKeysWithValues: values.enumerated().map { ($0 + 1, MetricReport(metrics: [Metric("f1", $1)])) })
        }
        var rule = GateRule(metric: "f1", want: .higher)
        rule.tolerance = .absolute(0.002)
        var question = GateCase(
            rules: [rule], candidate: reports([0.804, 0.801, 0.809, 0.799, 0.806]).mapValues { $0 })
        question.baseline = .init(
            .init(name: "main", commit: "3c1f9ab", pipeline: 117),
            reports: reports([0.812, 0.807, 0.815, 0.809, 0.811]))
        let failure = Sample.failure("gate", "f1 0.8038, main 0.8108: worse by 0.0070, 0.0020 allowed (5 seeds)")
        var view = try Sample.pipeline(
            state: "failed",
            jobs: [
                Sample.job(
                    "evaluate", "failed", failure: failure, start: 0, end: 30,
                    attempts: [Sample.attempt(1, runner: "cpu1", state: "passed", claimed: 0)])
            ])
        view.verdicts = [JudgedNode(node: "evaluate", verdict: GateJudge(question).verdict())]
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(lines[0].hasPrefix("churn #127  ✗ worse"))
        #expect(
            lines.contains {
                $0 == "  gate       f1  0.8038  main 0.8108  −0.0070  (−0.0101 to −0.0039)  ✗ worse, allowed −0.0020"
            }, "\(lines.joined(separator: "\n"))")
        #expect(lines.contains { $0.hasPrefix("             5 seeds, paired by seed; would find a loss of ") })
        #expect(lines.contains { $0.contains("pawl why 127/evaluate ") })
        #expect(lines.last?.contains("pawl override 127 --reason") == true)
        #expect(!lines.contains { $0.contains("pawl retry") })
    }

    @Test("the seeds of a job are one node, each on a line below it, and are needed by its name")
    func seeds() throws {
        var view = try Sample.pipeline(
            state: "running",
            jobs: [
                Sample.job(
                    "train seed 1", "passed", summary: "loss 0.5", start: 0, end: 30,
                    attempts: [Sample.attempt(1, runner: "gpu1", state: "passed", claimed: 0)]),
                Sample.job(
                    "train seed 2", "running", start: 0,
                    attempts: [Sample.attempt(1, runner: "gpu2", state: "running", claimed: 0)]),
                Sample.job("deploy", "waiting", needs: ["train seed 1", "train seed 2"]),
            ], finished: nil)
        for number in 1...2 { view.jobs[number - 1].seed = .init(node: "train", number: number) }
        let lines = PipelineRendering(view, on: .plain()).lines()
        #expect(
            Array(lines[3...6]) == [
                "    train ×2  ● running  1m 00s  gpu1, gpu2  1 of 2 seeds ended",
                "      seed 1  ✓ passed      30s  gpu1        loss 0.5",
                "      seed 2  ● running  1m 00s  gpu2",
                "    deploy    ○ waiting                      needs train",
            ], "\(lines.joined(separator: "\n"))")
    }

    @Test("a month is drawn with each repository's budget")
    func usage() throws {
        let json = """
            {"month":"2026-11","repositories":[{"repository":"ml/churn","month":"2026-11","attempts":7,"gpuHours":61,
             "gpuHourBudget":80,"usage":{"wallMs":3600000,"cpuMs":61000,"gpuMs":219600000,"uploaded":2000000}}]}
            """
        let view = try JSONDecoder().decode(UsageListView.self, from: Data(json.utf8))
        let lines = UsageRendering.month(view, on: .plain())
        #expect(lines[0] == "2026-11 (UTC)")
        #expect(lines[3].contains("ml/churn     61 of 80  1m 01s"), "\(lines)")
    }
}
