/// Decides which statuses a forge is owed when a pipeline goes from one moment to the next.
///
/// One context for the pipeline, `pawl/<source>`, and one a job, `pawl/<source>/<job>`, up to a number of jobs. All of
/// them are pending before any of them is a success. `pending` is owed once: forges have one word for queued and running.
public struct StatusPlan: Sendable {
    /// The commit that is judged.
    public var commit: String
    /// The full ref the pipeline is for.
    public var ref: String
    /// What made the pipeline, as it stands in contexts: `push`, `pr`, `tag`, `merge_group`, `manual`.
    public var source: String
    /// How many jobs get a context of their own; those after them are told of in the pipeline's text alone.
    public var jobLimit: Int
    /// The page of the pipeline; a job's is below it. Nil where the server has no address that others reach.
    public var pipelineURL: String?

    /// Describes whose statuses they are.
    public init(commit: String, ref: String, source: String, jobLimit: Int = 30, pipelineURL: String? = nil) {
        self.commit = commit
        self.ref = ref
        self.source = source
        self.jobLimit = jobLimit
        self.pipelineURL = pipelineURL
    }

    /// What is owed for a step; `before` is nil when the pipeline is new. Pending ones come first, the pipeline's end last.
    public func statuses(before: PipelineSnapshot?, after: PipelineSnapshot) -> [CommitStatus] {
        let known = before.map(standing) ?? [:]
        let owed = contexts(of: after).compactMap { context, status -> CommitStatus? in
            guard let status else { return nil }
            guard let old = known[context] else {
                // A job that nobody was told of, such as one of a held pipeline, does not end before anybody's eyes.
                return before == nil || status.state == .pending || context == "pawl/\(source)" ? status : nil
            }
            guard old.state == status.state else { return status }
            // A second pending says nothing new; an end whose words changed is told again.
            return status.state == .pending || old.text == status.text ? nil : status
        }
        // First everything is pending, last the whole pipeline ends.
        let ends = owed.filter { $0.state != .pending }
        let whole = "pawl/\(source)"
        return owed.filter { $0.state == .pending } + ends.filter { $0.context != whole }
            + ends.filter { $0.context == whole }
    }

    private func standing(_ snapshot: PipelineSnapshot) -> [String: CommitStatus] {
        Dictionary(
            contexts(of: snapshot).compactMap { context, status in status.map { (context, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// The status of each context at one moment; nil where none is shown. The pipeline's comes first.
    private func contexts(of snapshot: PipelineSnapshot) -> [(String, CommitStatus?)] {
        var all: [(String, CommitStatus?)] = [("pawl/\(source)", pipelineStatus(snapshot))]
        if let gate = snapshot.gate { all.append(("pawl/\(source)/gate", gateStatus(gate, in: snapshot))) }
        switch snapshot.state {
        case .held, .notPlanned, .empty: return all
        case .running, .manual, .passed, .failed, .system, .cancelled: break
        }
        // A job of that name gives way: what says whether a change may merge is nobody's else to say.
        for job in snapshot.jobs.prefix(jobLimit) where snapshot.gate == nil || job.name != "gate" {
            let context = "pawl/\(source)/\(job.name)"
            all.append((context, jobStatus(job, in: snapshot, context: context)))
        }
        return all
    }

    private func pipelineStatus(_ snapshot: PipelineSnapshot) -> CommitStatus {
        let (state, text) = pipelineWords(snapshot)
        return CommitStatus(
            commit: commit, ref: ref, context: "pawl/\(source)", state: state, text: text, targetURL: pipelineURL)
    }

    private func gateStatus(_ gate: GateSnapshot, in snapshot: PipelineSnapshot) -> CommitStatus? {
        let (state, text): (CommitStatus.State, String)
        switch gate {
        case .pending: (state, text) = (.pending, "waiting for the metrics")
        case .open(let words): (state, text) = (.success, words)
        case .closed(let words): (state, text) = (.failure, words)
        case .none(let words):
            (state, text) = (snapshot.state == .system ? .error : .failure, "no verdict: \(words)")
        }
        return CommitStatus(
            commit: commit, ref: ref, context: "pawl/\(source)/gate", state: state, text: text,
            targetURL: pipelineURL)
    }

    private func pipelineWords(_ snapshot: PipelineSnapshot) -> (CommitStatus.State, String) {
        let counts = Self.counts(snapshot)
        switch snapshot.state {
        case .held:
            let short = commit.prefix(7)
            return (.pending, "From a fork: waiting for a maintainer to approve commit \(short), this commit only")
        case .notPlanned: return (.failure, snapshot.reason ?? "the pipeline file could not be planned")
        case .empty: return (.success, snapshot.reason ?? "nothing to run")
        case .running:
            return (.pending, snapshot.jobs.count == 1 ? "1 job planned" : "\(snapshot.jobs.count) jobs planned")
        case .manual:
            let waiting = snapshot.jobs.first { $0.state == .manual }?.name ?? "a job"
            return (.pending, "waiting for a person to start \(waiting). \(counts)")
        case .passed: return (.success, counts + Self.taken(snapshot.duration))
        case .failed:
            let first = snapshot.jobs.first { $0.state == .failed && !($0.failure?.class.isOurs ?? false) }
            return (.failure, Self.blame(first) + counts + Self.taken(snapshot.duration))
        case .system:
            let first = snapshot.jobs.first { $0.state == .failed }
            return (.error, "Pawl's side failed, not your change. " + Self.blame(first) + counts)
        case .cancelled: return (.failure, "cancelled: \(snapshot.reason ?? "stopped by a person"). \(counts)")
        }
    }

    private func jobStatus(_ job: JobSnapshot, in snapshot: PipelineSnapshot, context: String) -> CommitStatus? {
        guard let (state, text) = Self.jobWords(job, in: snapshot) else { return nil }
        return CommitStatus(
            commit: commit, ref: ref, context: context, state: state, text: text,
            targetURL: pipelineURL.map { Self.page(of: job.name, below: $0) })
    }

    private static func jobWords(_ job: JobSnapshot, in snapshot: PipelineSnapshot) -> (CommitStatus.State, String)? {
        switch job.state {
        case .waiting where job.awaitsPlay, .manual: return nil
        case .waiting, .proving, .ready, .running, .judging: return (.pending, "waiting or running")
        case .passed: return (.success, (job.summary ?? "passed") + taken(job.duration, joint: " in "))
        case .proved: return (.success, job.summary ?? "proved, nothing run")
        case .failed:
            let failure = words(of: job)
            if job.failure?.class.isOurs ?? false { return (.error, "Pawl's side, not your change: \(failure)") }
            return (.failure, failure)
        case .failedAllowed: return (.success, "failed, and allowed to: \(words(of: job))")
        case .cancelled: return (.failure, "cancelled")
        case .notRun:
            guard let cause = job.because else { return (.success, "not needed: nothing failed before it") }
            if let offered = unstarted(behind: job, in: snapshot) {
                return (.success, "not run: nobody has started \(offered)")
            }
            return (.failure, "not run: \(cause) did not pass")
        }
    }

    /// The job that waits for a person and so kept this one from running; nil where another thing did.
    private static func unstarted(behind job: JobSnapshot, in snapshot: PipelineSnapshot) -> String? {
        var cause = job
        for _ in snapshot.jobs {
            guard let name = cause.because, let next = snapshot.jobs.first(where: { $0.name == name }) else {
                return nil
            }
            if next.state == .manual { return next.name }
            cause = next
        }
        return nil
    }

    private static func words(of job: JobSnapshot) -> String {
        guard let failure = job.failure else { return job.summary ?? "failed" }
        guard failure.class == .script, let summary = job.summary else { return failure.message }
        return "\(summary) (\(failure.message))"
    }

    private static func blame(_ job: JobSnapshot?) -> String {
        job.map { "\($0.name): \(words(of: $0)). " } ?? ""
    }

    private static func taken(_ duration: Duration?, joint: String = " in ") -> String {
        duration.map { joint + $0.text } ?? ""
    }

    /// `2 passed, 1 failed, 1 not run`: what ended, in a fixed order, leaving out what is none.
    private static func counts(_ snapshot: PipelineSnapshot) -> String {
        let words: [(String, (JobState) -> Bool)] = [
            ("passed", { $0 == .passed }),
            ("proved", { $0 == .proved }),
            ("failed", { $0 == .failed }),
            ("failed and allowed to", { $0 == .failedAllowed }),
            ("cancelled", { $0 == .cancelled }),
            ("not run", { $0 == .notRun }),
        ]
        let parts = words.compactMap { word, matches -> String? in
            let count = snapshot.jobs.count { matches($0.state) }
            return count > 0 ? "\(count) \(word)" : nil
        }
        return parts.isEmpty ? "nothing has run" : parts.joined(separator: ", ")
    }

    /// A job's page: its name below the pipeline's path, before the query that may carry a grant.
    private static func page(of job: String, below pipelineURL: String) -> String {
        let path = pipelineURL.prefix { $0 != "?" }
        return "\(path)/\(job.urlSegment)\(pipelineURL.dropFirst(path.count))"
    }
}
