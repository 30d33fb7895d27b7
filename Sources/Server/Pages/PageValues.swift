import Evaluation
import FoundationEssentials
import PipelineModel

/// What the templates are filled with. Texts are data: the templates escape them.
enum PageValues {
    struct Frame: Sendable {
        var title: String
        var nonce: String
        var isLive: Bool
        var reader: String?
        var content: String
    }

    struct Row: Sendable {
        var link: String
        var sign: String
        var word: String
        var tone: String
        var title: String
        var repository: String
        var id: String
        var commit: String
        var ref: String
        var duration: String
        var time: String
        var isoTime: String

        init(_ pipeline: PipelineView, links: PageLinks, now: Timestamp) {
            let mark = PageMark(pipeline.state)
            link = links.pipeline(pipeline.id)
            (sign, word, tone) = (mark.sign, mark.word, mark.tone)
            title = pipeline.title ?? pipeline.shortRef
            repository = pipeline.repository
            id = pipeline.id.description
            commit = pipeline.shortCommit
            ref = pipeline.shortRef
            duration = PageValues.duration(
                from: pipeline.createdAt, to: pipeline.finishedAt, state: pipeline.state, now)
            (time, isoTime) = PageValues.time(pipeline.createdAt)
        }
    }

    struct List: Sendable {
        var repository: String?
        var rows: [Row]
        var older: String?
    }

    struct Pipeline: Sendable {
        var sign: String
        var word: String
        var tone: String
        var duration: String
        var title: String
        var repository: String
        var id: String
        var commit: String
        var ref: String
        var pullRequest: String?
        var history: String
        var note: String?
        var hasJobs: Bool
        var jobs: [JobRow]
        var hasDiagnostics: Bool
        var diagnostics: [DiagnosticRow]
        var report: Report?

        init(_ view: PipelineDetailView, report told: PullRequestReport, links: PageLinks) {
            let pipeline = view.pipeline
            let mark = PageMark(pipeline.state)
            (sign, word, tone) = (mark.sign, mark.word, mark.tone)
            duration = PageValues.duration(
                from: pipeline.createdAt, to: pipeline.finishedAt, state: pipeline.state, view.at)
            title = pipeline.title ?? pipeline.shortRef
            repository = pipeline.repository
            id = pipeline.id.description
            commit = pipeline.shortCommit
            ref = pipeline.targetBranch.map { "\(pipeline.shortRef) → \($0)" } ?? pipeline.shortRef
            pullRequest = pipeline.pullRequest.map(String.init)
            let author = pipeline.author.map { "by \($0), " } ?? ""
            history = author + PageValues.time(pipeline.createdAt).text
            note = Self.note(pipeline)
            jobs = view.jobs.map { JobRow($0, of: pipeline.id, links: links, now: view.at) }
            hasJobs = !jobs.isEmpty
            diagnostics = view.diagnostics.map(DiagnosticRow.init)
            hasDiagnostics = !diagnostics.isEmpty
            report = hasJobs && pipeline.state != .held ? Report(told) : nil
        }

        private static func note(_ pipeline: PipelineView) -> String? {
            switch pipeline.state {
            case .system:
                "This is not your change: Pawl's side failed. pawl retry \(pipeline.id) --failed runs it again."
            case .held:
                "From a fork: waiting for a maintainer to approve commit \(pipeline.shortCommit), this commit only."
            default: pipeline.reason
            }
        }
    }

    struct JobRow: Sendable {
        var link: String
        var sign: String
        var word: String
        var tone: String
        var name: String
        var text: String
        var duration: String
        var runner: String

        init(_ job: JobView, of id: PipelineID, links: PageLinks, now: Timestamp) {
            let mark = PageMark(job)
            (sign, word, tone) = (mark.sign, mark.word, mark.tone)
            link = links.job(job.name, of: id)
            name = job.name
            text = PageValues.text(of: job, at: now)
            duration = job.attempts.isEmpty ? "" : job.duration(at: now)?.text ?? ""
            runner = job.attempts.last?.runner ?? ""
        }
    }

    struct DiagnosticRow: Sendable {
        var tone: String
        var severity: String
        var place: String?
        var message: String
        var line: Bool
        var before: String
        var meant: String
        var after: String

        init(_ diagnostic: Diagnostic) {
            tone = diagnostic.severity == .error ? "bad" : "look"
            severity = diagnostic.severity.rawValue
            place = diagnostic.place.map { "\($0.file):\($0.line):\($0.column)" }
            message = diagnostic.message
            let letters = Array(diagnostic.line ?? "")
            let start = min(max(0, (diagnostic.place?.column ?? 1) - 1), letters.count)
            let end = min(letters.count, start + max(1, min(diagnostic.length, 1_000)))
            line = !letters.isEmpty
            before = String(letters[..<start])
            meant = String(letters[start..<end])
            after = String(letters[end...])
        }
    }

    /// What is worth saying of a job in one line.
    static func text(of job: JobView, at now: Timestamp) -> String {
        switch job.state {
        case .waiting: job.needs.isEmpty ? "" : "needs \(job.needs.joined(separator: ", "))"
        case .manual: "a person starts it: pawl play"
        case .proving: "it may be proved"
        case .ready: job.delay(at: now).map { "starts in \($0.text)" } ?? "for a runner"
        case .running, .judging, .passed, .proved: job.told ?? ""
        case .failed where job.failure?.class == .script:
            "your script: \(job.failure?.message ?? "")" + (job.findings?.tests.map { "; \($0.words)" } ?? "")
        case .failed: job.failure?.message ?? ""
        case .failedAllowed: "failed, and allowed to: \(job.failure?.message ?? "")"
        case .cancelled: job.failure?.message ?? ""
        case .notRun: job.because.map { "needs \($0)" } ?? "nothing asked for it"
        }
    }

    static func duration(from start: Timestamp, to end: Timestamp?, state: PipelineState, _ now: Timestamp) -> String {
        if let end { return (end - start).text }
        return state == .running ? (now - start).text : ""
    }

    /// A moment in UTC, for people and for machines. A page does not know where its reader is.
    static func time(_ moment: Timestamp) -> (text: String, iso: String) {
        let date = Date(timeIntervalSince1970: Double(moment.milliseconds / 1_000))
        let iso = date.formatted(.iso8601)
        let text = iso.replacing("T", with: " ").replacing("Z", with: " UTC")
        return (text, iso)
    }
}
