import PipelineModel
import Server

/// Draws a pipeline as `pawl show` does: the first line answers, everything below is evidence.
struct PipelineRendering: Sendable {
    let view: PipelineDetailView
    let terminal: Terminal
    /// The moment that running durations are counted to.
    let now: Timestamp

    init(_ view: PipelineDetailView, on terminal: Terminal, now: Timestamp? = nil) {
        self.view = view
        self.terminal = terminal
        self.now = now ?? view.at
    }

    private var pipeline: PipelineView { view.pipeline }
    private var id: PipelineID { pipeline.id }

    /// All lines, evidence and what to do next with them.
    func lines() -> [String] {
        var lines = [headline(), history()]
        if !view.jobs.isEmpty { lines += [""] + jobLines() }
        lines += TestRendering.lines(view, on: terminal)
        lines +=
            diagnostics() + GateRendering.lines(view.verdicts ?? [], on: terminal) + override()
            + UsageRendering.spent(view, on: terminal) + notes()
        let next = nextSteps()
        if !next.isEmpty { lines += [""] + HelpRendering.lines(next, label: "next", on: terminal) }
        return lines
    }

    /// The lines that change while it runs: no history, nothing to do next.
    func liveLines() -> [String] { [headline(), ""] + jobLines() + diagnostics() }

    /// `churn #128  ✗ worse  10m 57s  Halve the warm-up  7fd1a60  lr-warmup → main  !42`
    func headline() -> String {
        let name = pipeline.repository.split(separator: "/").last.map(String.init) ?? pipeline.repository
        let mark = overallMark()
        var duration = ""
        if let finished = pipeline.finishedAt {
            duration = (finished - pipeline.createdAt).text
        } else if pipeline.state == .running {
            duration = (now - pipeline.createdAt).text
        }
        let word = mark.text(on: terminal)
        let room = terminal.width - word.columns - "  ".columns
        // The number tells a pipeline from all others, so on a narrow terminal the repository's name gives way.
        let number = "#\(id)"
        let named = "\(name.printable) \(number)"
        var lead = [named.columns <= room ? named : number, word]
        if !duration.isEmpty, lead[0].columns + duration.columns + 2 <= room { lead.append(duration) }
        var trail = [pipeline.shortCommit.printable, pipeline.shortRef.printable]
        if let target = pipeline.targetBranch { trail[1] += " \(terminal.shown("→")) \(target.printable)" }
        if let number = pipeline.pullRequest { trail.append("!\(number)") }

        let plain = lead.joined(separator: "  ")
        let coloured = [lead[0], terminal.coloured(lead[1], mark.sign.colour)] + lead.dropFirst(2)
        var line = coloured.joined(separator: "  ")
        var used = plain.columns
        let title = (pipeline.title ?? "").printable
        let tail = "  " + trail.joined(separator: "  ")
        // The title gives way first, then the commit and what follows.
        let start = max(used + 2, 34)
        let titleRoom = terminal.width - start - tail.columns
        if !title.isEmpty, titleRoom >= 8 {
            let cut = title.cut(to: titleRoom, on: terminal)
            line += String(repeating: " ", count: start - used) + cut
            used = start + cut.columns
        }
        if used + tail.columns <= terminal.width { line += tail }
        return terminal.shown(line)
    }

    /// A verdict that failed the pipeline has its own word.
    private func overallMark() -> Mark {
        let failed = view.jobs.filter { $0.state == .failed }
        let isGateAlone = !failed.isEmpty && failed.allSatisfy { $0.failure?.class == .gate }
        if pipeline.state == .failed && isGateAlone { return Mark(.failed, "worse") }
        return Mark(pipeline.state)
    }

    private func history() -> String {
        var parts = ["\(verb) \(terminal.moment(pipeline.createdAt, now: now))"]
        if let first = view.jobs.flatMap(\.attempts).compactMap(\.startedAt).min() {
            parts.append("first container \(terminal.time(first))")
        }
        if let finished = pipeline.finishedAt { parts.append("ended \(terminal.moment(finished, now: now))") }
        if let approver = pipeline.approvedBy { parts.append("approved by \(approver.printable)") }
        if let delivery = pipeline.delivery { parts.append("delivery d\(delivery)") }
        return terminal.shown(("  " + parts.joined(separator: ", ")).cut(to: terminal.width, on: terminal))
    }

    private var verb: String {
        let by = pipeline.author.map { " by \($0.printable)" } ?? ""
        return switch pipeline.source {
        case .push, .tag: "pushed\(by)"
        case .pullRequest: "pull request\(by)"
        case .mergeGroup: "merge queue\(by)"
        case .manual: "asked for\(by)"
        case .schedule: "scheduled"
        case .baseline: "to be compared with"
        }
    }

    // MARK: - Jobs

    private func jobLines() -> [String] {
        var table = Table(alignments: [.left, .left, .right, .left, .left], indent: 4)
        var rows: [JobView?] = []
        for node in view.nodes {
            if node.jobs.count > 1 {
                table.add(summary(of: node))
                rows.append(nil)
            }
            for job in node.jobs {
                let mark = Mark(job)
                let duration = job.attempts.isEmpty ? nil : job.duration(at: now)
                let name = node.jobs.count > 1 ? "  seed \(job.seed?.number ?? 0)" : job.name
                table.add([
                    Table.Cell(name), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                    Table.Cell(duration?.text ?? ""), Table.Cell(runner(of: job)),
                    Table.Cell(JobText(job, of: view).text),
                ])
                rows.append(job)
            }
        }
        var lines: [String] = []
        for (job, line) in zip(rows, table.lines(on: terminal)) {
            lines.append(line)
            if let job { lines += attemptLines(job) }
        }
        return lines
    }

    /// `train ×5  ✓ passed  10m 04s  gpu1, gpu3  5 seeds`
    private func summary(of node: PipelineDetailView.Node) -> [Table.Cell] {
        let moments = node.jobs.map {
            JobSnapshot(name: $0.name, state: $0.state, failure: $0.failure?.failure, duration: $0.duration(at: now))
        }
        let whole = JobSnapshot(joining: moments, as: node.name)
        let mark = Mark(StateWord(whole.state, failure: whole.failure?.class))
        let isBegun = node.jobs.contains { !$0.attempts.isEmpty }
        var runners: [String] = []
        for job in node.jobs where !runners.contains(runner(of: job)) { runners.append(runner(of: job)) }
        let ended = node.jobs.count { $0.state.isEnded }
        let isJudged = whole.failure?.class == .gate
        let seeds = ended == node.jobs.count ? "\(ended) seeds" : "\(ended) of \(node.jobs.count) seeds ended"
        let text = isJudged ? "scripts ended 0; the gate failed the job" : seeds + node.testWords + node.usageWords
        return [
            Table.Cell("\(node.name) \(terminal.isUnicode ? "×" : "x")\(node.jobs.count)"),
            Table.Cell(mark.text(on: terminal), mark.sign.colour),
            Table.Cell(isBegun ? whole.duration?.text ?? "" : ""),
            Table.Cell(runners.filter { !$0.isEmpty }.joined(separator: ", ")), Table.Cell(text),
        ]
    }

    private func runner(of job: JobView) -> String { job.attempts.last?.runner ?? "" }

    /// Attempts stand under a job that needed more than one, or that Pawl's side failed.
    private func attemptLines(_ job: JobView) -> [String] {
        guard job.attempts.count > 1 else { return [] }
        var table = Table(alignments: [.right], indent: 8)
        for attempt in job.attempts.suffix(5) {
            let end = attempt.failure?.class.rawValue ?? attempt.state.rawValue.replacing("_", with: " ")
            table.add([
                Table.Cell("\(attempt.number)"), Table.Cell(terminal.time(attempt.claimedAt)), Table.Cell(end),
                Table.Cell(Self.text(of: attempt)),
            ])
        }
        return table.lines(on: terminal)
    }

    /// How an attempt ended, and what it went on from.
    private static func text(of attempt: AttemptView) -> String {
        let origin = attempt.resumedFrom.map { "went on from the checkpoint of attempt \($0)" }
        let end = attempt.failure?.message ?? attempt.summary
        return [origin, end].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "; ")
    }

    // MARK: - Below the jobs

    private func diagnostics() -> [String] {
        guard !view.diagnostics.isEmpty else { return [] }
        return [""] + view.diagnostics.flatMap { DiagnosticRendering($0, on: terminal, indent: 2).lines() }
    }

    private func override() -> [String] {
        guard let override = view.override else { return [] }
        let moment = terminal.moment(override.at, now: now)
        let text = "! allowed all the same by \(override.person.printable), \(moment): \(override.reason.printable)"
        return terminal.wrapped(terminal.shown(text), to: terminal.width - 13, indent: 2).map {
            String(repeating: " ", count: 13) + $0
        }
    }

    private func notes() -> [String] {
        switch pipeline.state {
        case .system:
            return [
                "",
                "  This is not your change. GitHub shows \"error\", not \"failure\"; GitLab, which has no such state,",
                "  shows failed with \"not your change\" as its text.",
            ]
        case .notPlanned:
            let reason = view.diagnostics.isEmpty ? ["", "  " + (pipeline.reason ?? "").printable] : []
            return reason + ["  nothing ran. Checked before a push next time:  pawl lint"]
        case .held:
            return [
                "",
                "  From a fork: waiting for a maintainer to approve commit \(pipeline.shortCommit), this commit only.",
            ]
        case .cancelled:
            return pipeline.reason.map { ["", "  " + $0.printable] } ?? []
        case .empty, .running, .manual, .passed, .failed:
            return []
        }
    }

    private func nextSteps() -> [HelpView] {
        var steps: [HelpView] = []
        if let judged = view.jobs.first(where: { $0.failure?.class == .gate }) {
            steps.append(HelpView("pawl why \(id)/\(judged.seed?.node ?? judged.name)", "how the verdict was reached"))
            steps.append(HelpView("pawl override \(id) --reason \"…\"", "lets it pass; your name and reason stay"))
        }
        let failures = view.jobs.filter { $0.state == .failed && $0.failure?.class != .gate }
        if let failed = failures.first(where: { !($0.failure?.isOurs ?? false) }) {
            steps.append(HelpView("pawl logs \(id)/\(failed.name)", "what it wrote"))
            steps.append(HelpView("pawl retry \(id)/\(failed.name)", "if it failed by accident"))
        }
        if let ours = view.jobs.first(where: { $0.state == .failed && $0.failure?.isOurs == true }) {
            steps.append(HelpView("pawl why \(id)/\(ours.name)", "the cause"))
            steps.append(HelpView("pawl retry \(id) --failed", "when the cause is gone (see pawl doctor)"))
        }
        for job in view.jobs where job.state == .manual {
            steps.append(HelpView("pawl play \(id)/\(job.name)", "starts it"))
        }
        if pipeline.state == .held {
            steps.append(HelpView("pawl approve \(id)", "for commit \(pipeline.shortCommit) only"))
        }
        if pipeline.state == .running {
            steps.append(HelpView("pawl show \(id) --follow", "until it has ended"))
        }
        return Array(steps.prefix(4))
    }
}

/// What is worth saying of a job in one cell.
struct JobText: Sendable {
    let text: String

    init(_ job: JobView, of view: PipelineDetailView) {
        let id = view.pipeline.id
        text =
            switch job.state {
            case .waiting: job.needs.isEmpty ? "" : "needs \(view.nodeNames(of: job.needs).joined(separator: ", "))"
            case .manual: "a person starts it:  pawl play \(id)/\(job.name)"
            case .proving: "it may be proved"
            case .ready: job.delay(at: view.at).map { "starts in \($0.text)" } ?? "for a runner"
            case .running, .judging: Self.running(job)
            case .passed, .proved: job.told ?? ""
            case .failed: Self.failure(job)
            case .failedAllowed: "failed, and allowed to: \(job.failure?.message ?? "")"
            case .cancelled: job.failure?.message ?? ""
            case .notRun: job.because.map { "needs \(view.nodeNames(of: [$0])[0])" } ?? "nothing asked for it"
            }
    }

    private static func running(_ job: JobView) -> String {
        guard let attempt = job.attempts.last, job.attempts.count > 1 else { return job.summary ?? "" }
        let origin = attempt.resumedFrom.map { ", from the checkpoint of attempt \($0)" } ?? ""
        return "attempt \(job.attempts.count)\(origin)"
    }

    private static func failure(_ job: JobView) -> String {
        guard let failure = job.failure else { return "" }
        if failure.isOurs {
            let count = job.attempts.count
            return count > 1 ? "\(count) attempts, Pawl's side failed each: \(failure.message)" : failure.message
        }
        // What the verdict is stands with the gate; of one seed its own numbers are news.
        if failure.class == .gate, job.seed != nil { return job.summary ?? failure.message }
        guard failure.class == .script else { return failure.message }
        // How many tests failed stands with those that did.
        let after = job.findings?.isBad == true ? nil : job.summary
        return "your script: \(failure.message)" + (after.map { ", after: \($0)" } ?? "")
    }
}
