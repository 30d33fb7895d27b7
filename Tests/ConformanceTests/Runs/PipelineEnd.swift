import JobLogs
import PipelineModel
import Store

/// Where a pipeline has come, and what its jobs have left.
struct PipelineEnd: Sendable {
    var state: PipelineState
    var jobs: [String: JobEnd]

    /// The state in the words of cases.
    var status: String { state == .passed ? "success" : state.rawValue }
}

/// Where a job has come, what it said and what it left. What counts is its last attempt.
struct JobEnd: Sendable {
    let job: StoredJob
    /// The last attempt's log, without the lines in which the runner repeats commands.
    let lines: [String]
    /// The paths in its artifacts.
    let artifacts: Set<String>

    init(job: StoredJob, output: String, artifacts: Set<String>) {
        self.job = job
        self.artifacts = artifacts
        lines = output.split(separator: "\n").map(String.init).filter { !$0.hasPrefix(LastLine.commandMark) }
    }

    /// The state in the words of cases.
    var status: String {
        switch job.state {
        case .passed: "success"
        case .notRun: "skipped"
        default: job.state.rawValue
        }
    }

    /// When its first attempt's script began.
    var began: Timestamp? { job.attempts.compactMap(\.startedAt).min() }
    /// When its last attempt ended.
    var ended: Timestamp? { job.attempts.compactMap(\.finishedAt).max() }
    /// How long it took from its first hand-out; nil where it has not run.
    var duration: Duration? {
        guard let claimed = job.attempts.first?.claimedAt, let ended else { return nil }
        return ended - claimed
    }
}
