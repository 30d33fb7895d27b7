import PipelineModel
import Server

/// What is said of a run before its first job starts.
struct ExecPreface: Sendable {
    /// The pipeline file's path.
    var file: String
    /// The branch it is planned for.
    var branch: String
    /// Whether it is planned for a pull request.
    var isPullRequest: Bool
    /// How many files differ from HEAD.
    var changedFiles: Int
    /// How many large files are here as pointers only.
    var missingLargeFiles: Int
    /// How many jobs run.
    var running: Int
    /// How many jobs the file has here, with those that do not run.
    var total: Int
    var leftOut: [UnrunJob]
    var cannotRun: [UnrunJob]
    var warnings: [Diagnostic]

    /// `.gitlab-ci.yml at lr-warmup, 2 files changed and not committed: 7 of 9 jobs run here`
    var headline: String {
        let place = isPullRequest ? "for a pull request from \(branch.printable)" : "at \(branch.printable)"
        let files = changedFiles == 1 ? "1 file" : "\(changedFiles) files"
        let changes = changedFiles == 0 ? "" : ", \(files) changed and not committed"
        let jobs = total == 1 ? "1 job" : "\(total) jobs"
        return "\(file) \(place)\(changes): \(running) of \(jobs) \(total == 1 ? "runs" : "run") here"
    }

    func lines(on terminal: Terminal) -> [String] {
        var table = Table(indent: 2)
        for (label, jobs) in [("left out", leftOut), ("cannot run", cannotRun)] {
            for (index, job) in jobs.enumerated() {
                table.add([
                    Table.Cell((index == 0 ? label : "").padded(to: 12)), Table.Cell(job.job), Table.Cell(job.reason),
                    Table.Cell(job.instead ?? ""),
                ])
            }
        }
        var lines = [terminal.shown(headline), ""]
        if !table.rows.isEmpty { lines += table.lines(on: terminal) + [""] }
        let found = warnings.flatMap { DiagnosticRendering($0, on: terminal, indent: 2).lines() }
        if !found.isEmpty { lines += found + [""] }
        if missingLargeFiles > 0 {
            let count = missingLargeFiles == 1 ? "1 large file is" : "\(missingLargeFiles) large files are"
            lines += ["  ! \(count) here as a pointer only, and a job's checkout fails for it:  git lfs pull", ""]
        }
        return lines
    }
}

/// Draws the jobs of a run, while it lasts and at its end.
struct ExecRendering: Sendable {
    let view: PipelineDetailView
    /// What each job has said last.
    let tails: [String: String]
    let terminal: Terminal
    let now: Timestamp

    static let footer = "  ^C stops and cleans up. Artifacts land in \(ExecFolder.name)/. Nothing leaves this machine."

    /// A line a job: name, sign, time, what there is to say.
    func jobLines() -> [String] {
        var table = Table(alignments: [.left, .left, .right, .left], indent: 4)
        for job in view.jobs {
            let mark = Mark(job)
            let duration = job.attempts.isEmpty || job.state == .notRun ? nil : job.duration(at: now)
            table.add([
                Table.Cell(job.name), Table.Cell(mark.text(on: terminal), mark.sign.colour),
                Table.Cell(duration?.text ?? ""), Table.Cell(text(of: job)),
            ])
        }
        return table.lines(on: terminal)
    }

    /// What a job is about, or waits for.
    func text(of job: JobView) -> String {
        switch job.state {
        case .waiting: return waiting(job)
        case .proving, .ready:
            guard let failure = job.attempts.last?.failure else { return "for a free place" }
            let wait = job.readyAt.map { max($0 - now, .zero).text } ?? "a moment"
            return "again in \(wait): \(failure.message)"
        case .running, .judging: return tails[job.name].map { "last line: \($0)" } ?? "starting"
        case .passed, .proved: return job.told ?? artifacts(of: job) ?? ""
        case .cancelled, .failed, .failedAllowed, .notRun, .manual:
            return JobText(job, of: view).text
        }
    }

    private func waiting(_ job: JobView) -> String {
        let open = job.needs.filter { name in view.job(named: name).map { !$0.state.isEnded } ?? false }
        guard !open.isEmpty else { return "" }
        let named = open.prefix(3).joined(separator: ", ")
        return "needs \(named)" + (open.count > 3 ? " and \(open.count - 3) more" : "")
    }

    /// `data/features.parquet, 38 MB`
    private func artifacts(of job: JobView) -> String? {
        guard let artifact = job.attempts.last?.artifacts.last, let path = artifact.paths.first else { return nil }
        let more = artifact.fileCount > 1 ? " and \(artifact.fileCount - 1) more" : ""
        return "\(path)\(more), \(artifact.size.text)"
    }

    /// `failed in 1m 12s: 3 passed, 1 failed, 2 not run.  Logs and artifacts: .pawl/exec/`
    func closing() -> String {
        let mark = Mark(view.pipeline.state)
        let end = view.pipeline.finishedAt ?? now
        let words: [(JobState, String)] = [
            (.passed, "passed"), (.failed, "failed"), (.failedAllowed, "failed, and allowed to"),
            (.cancelled, "cancelled"), (.notRun, "not run"),
        ]
        let counts = words.compactMap { state, word in
            let count = view.jobs.filter { $0.state == state }.count
            return count == 0 ? nil : "\(count) \(word)"
        }
        let took = (end - view.pipeline.createdAt).text
        let word = terminal.coloured(mark.text(on: terminal), mark.sign.colour)
        return terminal.shown("\(word) in \(took): \(counts.joined(separator: ", ")).")
            + "  Logs and artifacts: \(ExecFolder.name)/"
    }

    /// A failed job and the end of its log.
    func failure(of job: JobView, log: String, tail: [String]) -> [String] {
        let mark = Mark(job)
        let lead = "  \(job.name.printable)  \(terminal.coloured(mark.text(on: terminal), mark.sign.colour))  "
        var lines = ["", terminal.shown(lead + JobText(job, of: view).text.printable)]
        guard !tail.isEmpty else { return lines }
        lines.append(terminal.shown("  the end of \(log):"))
        return lines + tail.map { "    " + $0 }
    }
}

/// The end of a log for people.
enum LogTail {
    /// How much of a file's end is looked at, in bytes.
    static let reach = 64 << 10

    /// The last lines of a text, without colours and whatever else is not for this terminal.
    static func lines(of bytes: [UInt8], count: Int) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(count)
            .map { withoutColours($0).printable }
    }

    private static func withoutColours(_ line: Substring) -> String {
        var plain = ""
        var isInSequence = false
        for letter in line {
            if letter == "\u{1B}" {
                isInSequence = true
            } else if isInSequence {
                isInSequence = !(letter.isASCII && letter.isLetter)
            } else {
                plain.append(letter)
            }
        }
        return plain
    }
}
