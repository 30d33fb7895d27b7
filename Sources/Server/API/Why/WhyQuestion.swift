import Evaluation
import GitRepositories
import PipelineModel
import Store

/// Works out why a job is where it is, from what is stored and which runners are there. Pure.
struct WhyQuestion: Sendable {
    let detail: PipelineDetail
    let job: StoredJob
    /// The job's place among those that wait for a runner, from 1.
    let place: Int?
    let pool: [PoolMember]
    /// The next jobs that are handed out before it.
    let before: [QueuedJob]
    /// How its repository stands with its GPU time; nil where the job does not wait for a runner.
    var budget: GPUBudget?
    /// When it ends by itself, where no runner can ever take it.
    var endsAt: Timestamp?
    /// What is known of its key and of proofs; nil for a job without declared inputs.
    var proofs: Store.ProofFacts?
    /// The commits that changed its inputs since the earlier proof, by path, as far as that is known.
    var inputCommits: [String: CommitDescription] = [:]
    let now: Timestamp

    private var id: PipelineID { detail.pipeline.id }
    private var subject: String { "\(id)/\(job.name)" }
    private var planned: PlannedJob? { detail.plan?.job(named: job.name) }

    /// The answer, with its evidence and what would help.
    func answer() -> WhyView {
        switch job.state {
        case .waiting: waiting()
        case .manual: manual()
        case .proving: view("the server looks whether an earlier attempt proves it.")
        case .ready: ready()
        case .running, .judging: running()
        case .passed: passed()
        case .proved: proved()
        case .failed, .failedAllowed: failed()
        case .cancelled: cancelled()
        case .notRun: notRun()
        }
    }

    private func view(
        _ answer: String, since: Timestamp? = nil, place: Int? = nil, endsAt: Timestamp? = nil,
        facts: [WhyView.Fact] = [], helps: [HelpView] = []
    ) -> WhyView {
        WhyView(
            pipeline: id, job: job.name, state: job.state, failure: job.failure?.class, answer: answer,
            since: since, place: place, endsAt: endsAt, facts: facts, helps: helps, at: now)
    }

    // MARK: - Waiting

    private func waiting() -> WhyView {
        if detail.pipeline.state == .held {
            return view(
                "its commit comes from a fork, and nobody has approved it yet.", since: detail.pipeline.createdAt,
                helps: [HelpView("pawl approve \(id)", "for commit \(detail.pipeline.commit.prefix(7)) only")])
        }
        let open = detail.openPrerequisites(of: job)
        let names = open.map(\.name)
        let played = open.filter { $0.state == .manual }
        return view(
            names.isEmpty ? "for other jobs of this pipeline." : "it needs \(Self.list(names)).",
            since: detail.pipeline.createdAt,
            facts: open.map { WhyView.Fact(about: $0.name, text: standing(of: $0)) },
            helps: played.map { HelpView("pawl play \(id)/\($0.name)", "starts what only a person starts") })
    }

    private func manual() -> WhyView {
        let place = job.environment.map { " It deploys to \($0)." } ?? ""
        return view(
            "only a person starts it.\(place)", since: detail.pipeline.createdAt,
            helps: [HelpView("pawl play \(subject)", "starts it")])
    }

    private func ready() -> WhyView {
        let waiting = RunnerQuestion(
            demand: demand, pool: pool, before: before, waitsForTurn: job.waitsFor != nil, now: now)
        if job.waitsFor != nil {
            let what = job.environment.map { "another deployment to \($0)" } ?? "another job of its resource group"
            return view(
                "for its turn: \(what) is under way.", since: job.readyAt, facts: waiting.facts,
                helps: [HelpView("pawl list", "what runs before it")])
        }
        if let spent = spentBudget(planned) {
            return view(spent.answer, since: job.readyAt, place: place, facts: spent.facts, helps: spent.helps)
        }
        if let readyAt = job.readyAt, readyAt > now, planned?.when == .delayed, job.attempts.isEmpty {
            return view(
                "it is delayed, and starts in \((readyAt - now).text).", since: readyAt,
                helps: [HelpView("pawl play \(subject)", "starts it now")])
        }
        if let readyAt = job.readyAt, readyAt > now {
            return view(
                "it is tried again in \((readyAt - now).text), after a failure that was not the script's.",
                since: readyAt, facts: lastAttempt() + waiting.facts)
        }
        return view(
            waiting.answer, since: job.readyAt, place: waiting.hasFitting ? place : nil,
            endsAt: waiting.hasFitting ? nil : endsAt, facts: waiting.facts, helps: waiting.helps)
    }

    private var demand: JobDemand {
        JobDemand(
            repository: detail.pipeline.repository, trust: detail.pipeline.trust.ofCommit,
            needs: planned.map(MachineNeeds.init(of:)) ?? MachineNeeds())
    }

    private func running() -> WhyView {
        guard let attempt = job.attempts.last else { return view("it is being handed out.") }
        if let reason = job.cancelReason {
            return view("it is being stopped: \(reason).", since: attempt.claimedAt)
        }
        var facts = earlierAttempts()
        facts.insert(.init(about: "runner", text: attempt.runner + attempt.gpuText), at: 0)
        let verb = job.state == .judging ? "its metrics are being judged." : "attempt \(attempt.number) is under way."
        return view(
            verb, since: attempt.startedAt ?? attempt.claimedAt, facts: facts,
            helps: [HelpView("pawl logs -f \(subject)", "what it writes")])
    }

    // MARK: - Ended

    private func passed() -> WhyView {
        if verdict != nil { return judged() }
        if let evidence = ProofEvidence(proofs, commits: inputCommits), let answer = evidence.whyItRan {
            return view(answer, since: job.finishedAt, facts: evidence.differences + earlierAttempts())
        }
        return view("its script ended with 0.", since: job.finishedAt, facts: earlierAttempts())
    }

    private func proved() -> WhyView {
        let judgement = verdict == nil ? [] : judged().facts
        guard let evidence = ProofEvidence(proofs), let proving = job.provedBy else {
            return view("an earlier attempt stands for it.", since: job.finishedAt, facts: judgement)
        }
        let (subject, number) = ("#\(proving.pipeline)/\(proving.job)", proving.number)
        return view(
            "nothing it may read has changed since \(subject) (attempt \(number)).", since: job.finishedAt,
            facts: evidence.same(for: detail.pipeline.trust.ofCommit) + judgement,
            helps: [HelpView("pawl retry \(self.subject) --fresh", "runs it anyway")])
    }

    private var verdict: Verdict? { detail.verdicts.first { $0.node == planned?.node }?.verdict }

    /// How a verdict was reached, seed by seed.
    private func judged() -> WhyView {
        guard let verdict else { return view(job.failure?.message ?? "its gate failed it.", since: job.finishedAt) }
        let facts = VerdictEvidence(verdict).facts.map { WhyView.Fact(about: $0.about, text: $0.text) }
        let changes = detail.plan?.ground?.changes ?? []
        let rules = changes.map {
            WhyView.Fact(
                about: "rules", text: "those of \(detail.plan?.ground?.target ?? "the target branch"); here \($0)")
        }
        return view("\(VerdictWords(verdict).status).", since: job.finishedAt, facts: facts + rules)
    }

    private func failed() -> WhyView {
        let failure = job.failure
        if failure?.class == .gate { return judged() }
        let allowed = job.state == .failedAllowed ? " It may fail without the pipeline failing." : ""
        let answer: String
        var helps = [HelpView("pawl logs \(subject)", "its output")]
        if let failure, failure.class.isOurs {
            answer = "Pawl's side failed, not your change: \(failure.message).\(allowed)"
            helps = [HelpView("pawl retry \(subject)", "when the cause is gone"), HelpView("pawl doctor", "the cause")]
        } else if let failure {
            answer = "\(Self.sentence(for: failure))\(allowed)"
            helps.append(HelpView("pawl retry \(subject)", "if it failed by accident"))
        } else {
            answer = "it failed.\(allowed)"
        }
        return view(answer, since: job.finishedAt, facts: attempts(job.attempts), helps: helps)
    }

    private func cancelled() -> WhyView {
        view(
            "\(job.cancelReason ?? job.failure?.message ?? detail.pipeline.reason ?? "it was stopped").",
            since: job.finishedAt, facts: attempts(job.attempts),
            helps: [HelpView("pawl retry \(subject)", "runs it after all")])
    }

    private func notRun() -> WhyView {
        guard let because = job.because, let cause = detail.job(named: because) else {
            return view("nothing that it waits for asked for it.", since: job.finishedAt)
        }
        if planned?.when == .onFailure {
            return view("it runs only after a failure, and none came.", since: job.finishedAt)
        }
        return view(
            "\(because) \(Self.past(cause.state)), and it needs that.", since: job.finishedAt,
            facts: [.init(about: because, text: standing(of: cause))],
            helps: [
                HelpView("pawl why \(id)/\(because)", "why that is so"),
                HelpView("pawl retry \(id)/\(because)", "runs both again"),
            ])
    }

    // MARK: - Evidence

    private func standing(of job: StoredJob) -> String {
        switch job.state {
        case .waiting: "waits as well"
        case .manual: "waits for a person"
        case .proving, .ready: "waits for a runner"
        case .running, .judging: "runs" + (job.startedAt.map { ", \((now - $0).text) so far" } ?? "")
        case .passed: "passed"
        case .proved: job.summary ?? "proved"
        case .failed, .failedAllowed: job.failure.map(Self.sentence(for:)) ?? "failed"
        case .cancelled: job.cancelReason ?? "cancelled"
        case .notRun: "not run" + (job.because.map { ": it needed \($0)" } ?? "")
        }
    }

    private func attempts(_ attempts: [StoredAttempt]) -> [WhyView.Fact] {
        attempts.suffix(10).map { attempt in
            let end = attempt.failure.map { "\($0.class.rawValue)  \($0.message)" } ?? attempt.state.rawValue
            return .init(about: "attempt \(attempt.number)", text: "\(attempt.runner)  \(end)")
        }
    }

    private func earlierAttempts() -> [WhyView.Fact] { attempts(job.attempts.dropLast()) }

    private func lastAttempt() -> [WhyView.Fact] { attempts(job.attempts.suffix(1)) }

    // MARK: - Words

    private static func sentence(for failure: Failure) -> String {
        switch failure.class {
        case .script: "your script: \(failure.message)"
        default: failure.message
        }
    }

    private static func past(_ state: JobState) -> String {
        switch state {
        case .failed, .failedAllowed: "failed"
        case .cancelled: "was cancelled"
        case .notRun: "was not run"
        case .waiting, .manual, .proving, .ready, .running, .judging, .passed, .proved: "has not failed"
        }
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
