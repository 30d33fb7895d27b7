import PipelineModel
import Store

/// Says of each job what a person's request has made of it. Pure.
struct ChangeWords: Sendable {
    let before: PipelineDetail
    let now: PipelineDetail
    /// The jobs that the person spoke of: something is said of them whatever became of them.
    let named: [String]
    /// How far the forge has been told of them.
    let standings: [String: StatusWatch.Standing]

    /// The jobs that are not as they were, in the plan's order.
    func jobs() -> [ChangeView.Job] {
        now.jobs.compactMap { job in
            let earlier = before.job(named: job.name)
            let isNamed = named.contains(job.name)
            guard isNamed || earlier?.state != job.state || earlier?.cancelReason != job.cancelReason else {
                return nil
            }
            let words = words(for: job, before: earlier, isNamed: isNamed)
            return .init(name: job.name, text: words + (told(of: job.name) ?? ""))
        }
    }

    private func words(for job: StoredJob, before: StoredJob?, isNamed: Bool) -> String {
        let last = job.attempts.last?.number ?? 0
        // A runner may have it already.
        let hasBegun = last > (before?.attempts.last?.number ?? 0)
        let attempt = hasBegun ? last : last + 1
        let which = attempt == 1 ? "" : "attempt \(attempt) "
        switch job.state {
        case .proving, .ready: return which + "queued"
        case .running where job.cancelReason != nil: return "is being stopped"
        case .running, .judging: return hasBegun ? which + "queued, and begun" : "runs"
        case .waiting:
            if !isNamed, before?.state == .notRun, let cause = before?.because {
                return "was not run for want of \(cause), waits for it again"
            }
            return isNamed ? which + start(of: job) : "runs again once what it needs has"
        case .manual: return "waits for a person: pawl play \(now.pipeline.id)/\(job.name)"
        case .cancelled: return "cancelled"
        case .notRun: return "not run: \(job.because ?? "the pipeline")"
        case .passed, .proved, .failed, .failedAllowed: return job.state.rawValue.replacing("_", with: ", ")
        }
    }

    /// When a job that waits for others starts.
    private func start(of job: StoredJob) -> String {
        let open = now.openPrerequisites(of: job).map(\.name)
        guard let last = open.last else { return "starts in its turn" }
        let list = open.count == 1 ? last : "\(open.dropLast().joined(separator: ", ")) and \(last)"
        let verb = open.count == 1 ? "has" : "have"
        let end = now.plan?.job(named: job.name)?.when == .always ? "ended" : "passed"
        return "starts once \(list) \(verb) \(end)"
    }

    private func told(of name: String) -> String? {
        switch standings[name] {
        case .told: ", its status is pending again on the forge"
        case .owed: ", its pending status is owed (pawl outbox \(now.pipeline.id))"
        case nil: nil
        }
    }
}

extension PipelineDetail {
    /// The jobs that have to end before a job starts, and have not.
    func openPrerequisites(of job: StoredJob) -> [StoredJob] {
        guard let plan, let planned = plan.job(named: job.name) else { return [] }
        let standings = Dictionary(
            jobs.map { ($0.name, PipelineProgress.Standing($0.state)) }, uniquingKeysWith: { first, _ in first })
        return PipelineProgress(plan: plan, standings: standings).prerequisites(of: planned)
            .compactMap { self.job(named: $0) }.filter { !$0.state.isEnded }
    }
}
