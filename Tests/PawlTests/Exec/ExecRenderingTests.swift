import PipelineModel
import Server
import Testing

@testable import pawl

@Suite("A run on the terminal")
struct ExecRenderingTests {
    @Test("the first lines say what was planned, what does not run here, and what to do about it")
    func preface() {
        let preface = ExecPreface(
            file: ".gitlab-ci.yml", branch: "lr-warmup", isPullRequest: false, changedFiles: 2, missingLargeFiles: 0,
            running: 7, total: 9,
            leftOut: [UnrunJob(job: "deploy", reason: "deploys to production", instead: "pawl exec deploy")],
            cannotRun: [UnrunJob(job: "image", reason: "names no image", instead: "pawl exec --image IMAGE")],
            warnings: [])
        #expect(
            preface.lines(on: .plain()) == [
                ".gitlab-ci.yml at lr-warmup, 2 files changed and not committed: 7 of 9 jobs run here",
                "",
                "  left out      deploy  deploys to production  pawl exec deploy",
                "  cannot run    image   names no image         pawl exec --image IMAGE",
                "",
            ])
    }

    @Test("a job has one line with its time, its last words, or what it waits for")
    func jobs() throws {
        let view = try Sample.pipeline(
            state: "running",
            jobs: [
                Sample.job(
                    "test", "passed", summary: "212 passed", start: 0, end: 41,
                    attempts: [Sample.attempt(1, runner: "here", state: "passed", claimed: 0)]),
                Sample.job(
                    "train", "running", start: 41,
                    attempts: [Sample.attempt(2, runner: "here", state: "running", claimed: 41)]),
                Sample.job("evaluate", "waiting", needs: ["test", "train"]),
            ], finished: nil, at: 113)
        let rendering = ExecRendering(
            view: view, tails: ["train": "epoch 4/20 loss 0.61"], terminal: .plain(), now: view.at)
        #expect(
            rendering.jobLines() == [
                "    test      ✓ passed      41s  212 passed",
                "    train     ● running  1m 12s  last line: epoch 4/20 loss 0.61",
                "    evaluate  ○ waiting          needs train",
            ])
    }

    @Test("the last line counts every end there was")
    func closing() throws {
        let view = try Sample.pipeline(
            state: "failed",
            jobs: [
                Sample.job("a", "passed"), Sample.job("b", "passed"),
                Sample.job("c", "failed", failure: Sample.failure("script", "exit 1")), Sample.job("d", "not_run"),
            ])
        let rendering = ExecRendering(view: view, tails: [:], terminal: .plain(), now: view.at)
        #expect(
            rendering.closing()
                == "✗ failed in 38s: 2 passed, 1 failed, 1 not run.  Logs and artifacts: .pawl/exec/")
    }
}
