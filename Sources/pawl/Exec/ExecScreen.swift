import Foundation
import PipelineModel
import Server

/// Where a run is shown: lines that rewrite themselves on a terminal, plain lines elsewhere, nothing for `--json`.
actor ExecScreen {
    private let terminal: Terminal
    private let isSilent: Bool
    private var live: LiveView
    private var journal: PipelineJournal

    init(on terminal: Terminal, isSilent: Bool) {
        self.terminal = terminal
        self.isSilent = isSilent
        live = LiveView(on: terminal)
        journal = PipelineJournal(terminal: terminal)
    }

    /// Shows what is known before anything runs.
    func begin(_ preface: ExecPreface) {
        guard !isSilent else { return }
        Output.lines(preface.lines(on: terminal))
        if !terminal.isInteractive { Output.lines([ExecRendering.footer, ""]) }
    }

    /// Shows where the jobs are.
    func show(_ view: PipelineDetailView, tails: [String: String], obstacle: String?, isStopping: Bool) {
        guard !isSilent else { return }
        let rendering = ExecRendering(view: view, tails: tails, terminal: terminal, now: view.at)
        var events = isStopping ? [] : journal.events(of: view.withoutQueued)
        var lines = rendering.jobLines() + [""]
        if let obstacle {
            lines.append(
                terminal.shown("  ! nothing starts: \(obstacle.printable)").cut(to: terminal.width, on: terminal))
            events.append("! nothing starts: \(obstacle.printable)")
        }
        lines.append(isStopping ? "  stopping: containers are being removed" : ExecRendering.footer)
        live.show(lines, events: events)
    }

    /// Shows how it ended, with the end of the log of what failed.
    func end(_ view: PipelineDetailView, tails: [String: String], folder: ExecFolder) {
        guard !isSilent else { return }
        let rendering = ExecRendering(view: view, tails: tails, terminal: terminal, now: view.at)
        // What changed last has its line, too.
        live.show(rendering.jobLines(), events: journal.events(of: view))
        for job in view.jobs where job.state == .failed || job.state == .failedAllowed {
            let tail = Self.tail(of: folder.log(of: job.name))
            Output.lines(rendering.failure(of: job, log: folder.shownLog(of: job.name), tail: tail))
        }
        Output.lines(["", rendering.closing()])
    }

    private static func tail(of path: String) -> [String] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard let size = try? file.seekToEnd() else { return [] }
        try? file.seek(toOffset: size > UInt64(LogTail.reach) ? size - UInt64(LogTail.reach) : 0)
        return LogTail.lines(of: Array((try? file.read(upToCount: LogTail.reach)) ?? Data()), count: 20)
    }
}

extension PipelineDetailView {
    /// Without jobs that are about to start for the first time: here that is a matter of moments, and no news.
    fileprivate var withoutQueued: Self {
        var view = self
        view.jobs.removeAll { $0.state == .ready && $0.attempts.isEmpty }
        return view
    }
}
