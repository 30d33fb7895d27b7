import PipelineModel
import Testing

@Suite("Which statuses a forge is owed")
struct StatusPlanTests {
    let plan = StatusPlan(
        commit: "3c1f9ab0", ref: "refs/heads/main", source: "push", pipelineURL: "http://pawl.test/pipelines/1?grant=g")

    func snapshot(_ state: PipelineState, _ jobs: [JobSnapshot]) -> PipelineSnapshot {
        PipelineSnapshot(state: state, jobs: jobs, duration: state.isEnded ? .milliseconds(11_500) : nil)
    }

    @Test("a new pipeline owes a pending for itself and for every job that will run by itself")
    func fresh() {
        let owed = plan.statuses(
            before: nil,
            after: snapshot(
                .running,
                [
                    .init(name: "test", state: .ready), .init(name: "train 1/2", state: .waiting),
                    .init(name: "ship", state: .waiting, awaitsPlay: true),
                ]))
        #expect(owed.map(\.context) == ["pawl/push", "pawl/push/test", "pawl/push/train 1/2"])
        #expect(owed.allSatisfy { $0.state == .pending })
        #expect(owed[0].text == "3 jobs planned")
        #expect(owed[2].targetURL == "http://pawl.test/pipelines/1/train%201%2F2?grant=g")
    }

    @Test("the seeds of a job are one node: under way until the last ended, no better than the worst")
    func seeds() {
        func node(_ states: JobState..., failure: Failure? = nil) -> JobSnapshot {
            JobSnapshot(
                joining: states.enumerated().map {
                    JobSnapshot(
                        name: "train seed \($0 + 1)", state: $1, failure: $1 == .failed ? failure : nil,
                        duration: .seconds($0 + 1))
                }, as: "train")
        }
        #expect(node(.passed, .running, .failed).state == .running)
        #expect(node(.passed, .waiting).state == .waiting)
        let failed = node(.passed, .failed, failure: Failure(.script, exitCode: 1, "exit 1"))
        #expect(failed.state == .failed && failed.failure?.message == "seed 2: exit 1")
        #expect(node(.passed, .failed, failure: Failure(.gate, "f1 is worse")).failure?.message == "f1 is worse")
        let passed = node(.passed, .passed, .passed)
        #expect(passed.state == .passed && passed.summary == "3 seeds" && passed.duration == .seconds(3))
    }

    @Test("queued and running are one pending, owed once")
    func onePending() {
        let queued = snapshot(.running, [.init(name: "test", state: .ready)])
        let running = snapshot(.running, [.init(name: "test", state: .running)])
        #expect(plan.statuses(before: queued, after: running).isEmpty)
    }

    @Test("the end of the last job owes its success and the pipeline's, with times")
    func success() {
        let owed = plan.statuses(
            before: snapshot(.running, [.init(name: "test", state: .running)]),
            after: snapshot(
                .passed,
                [.init(name: "test", state: .passed, summary: "14 passed", duration: .milliseconds(2_100))]))
        #expect(owed.map(\.text) == ["14 passed in 2.1 s", "1 passed in 11.5 s"])
        #expect(owed.allSatisfy { $0.state == .success })
    }

    @Test("a job that nobody's start of another kept from running is no failure")
    func unstarted() {
        let owed = plan.statuses(
            before: snapshot(
                .running,
                [
                    .init(name: "test", state: .running), .init(name: "ship", state: .waiting, awaitsPlay: true),
                    .init(name: "smoke", state: .waiting), .init(name: "report", state: .waiting),
                ]),
            after: snapshot(
                .passed,
                [
                    .init(name: "test", state: .passed), .init(name: "ship", state: .manual, awaitsPlay: true),
                    .init(name: "smoke", state: .notRun, because: "ship"),
                    .init(name: "report", state: .notRun, because: "smoke"),
                ]))
        #expect(owed.allSatisfy { $0.state == .success })
        #expect(owed.filter { $0.text == "not run: nobody has started ship" }.count == 2)
    }

    @Test("a red pipeline says which job and why, and what was not run is not green")
    func failure() {
        let owed = plan.statuses(
            before: snapshot(
                .running, [.init(name: "evaluate", state: .running), .init(name: "deploy", state: .waiting)]),
            after: snapshot(
                .failed,
                [
                    .init(
                        name: "evaluate", state: .failed, failure: Failure(.script, exitCode: 1, "exit 1"),
                        summary: "accuracy 0.71, at least 0.94 wanted"),
                    .init(name: "deploy", state: .notRun, because: "evaluate"),
                ]))
        #expect(
            owed.map(\.text) == [
                "accuracy 0.71, at least 0.94 wanted (exit 1)", "not run: evaluate did not pass",
                "evaluate: accuracy 0.71, at least 0.94 wanted (exit 1). 1 failed, 1 not run in 11.5 s",
            ])
        #expect(owed.allSatisfy { $0.state == .failure })
    }

    @Test("Pawl's side is an error and says that it is not the change")
    func ours() {
        let owed = plan.statuses(
            before: nil,
            after: snapshot(
                .system, [.init(name: "test", state: .failed, failure: Failure(.image, "no such image"))]))
        #expect(owed.allSatisfy { $0.state == .error && $0.text.contains("not your change") })
    }

    @Test("an allowed failure is success and says so; a held pipeline owes one pending alone")
    func allowedAndHeld() {
        let allowed = plan.statuses(
            before: nil, after: snapshot(.passed, [.init(name: "lint", state: .failedAllowed)]))
        #expect(allowed.map(\.state) == [.success, .success])
        #expect(allowed.first?.text.hasPrefix("failed, and allowed to") == true)
        let held = plan.statuses(before: nil, after: snapshot(.held, [.init(name: "test", state: .waiting)]))
        #expect(held.map(\.state) == [.pending])
    }

    @Test("jobs past the limit have no context of their own")
    func limit() {
        var few = plan
        few.jobLimit = 2
        let jobs = (0..<5).map { JobSnapshot(name: "j\($0)", state: .ready) }
        #expect(few.statuses(before: nil, after: snapshot(.running, jobs)).count == 3)
    }

    @Test("a text is cut to what every forge takes, on one line", arguments: ["é", "x", "🦊"])
    func cut(unit: String) {
        let status = CommitStatus(
            commit: "c", ref: "r", context: "x", state: .success, text: "a\nb " + String(repeating: unit, count: 300))
        #expect(status.text.utf16.count <= CommitStatus.textLimit)
        #expect(!status.text.contains("\n"))
        #expect(status.text.hasSuffix("…"))
    }
}
