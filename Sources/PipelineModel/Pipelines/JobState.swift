/// Where a job is. The words are those of the database, the API and the settings.
///
/// `docs/architecture.md` has the drawing. A retry leads from any ended state back to `waiting` or `ready`.
public enum JobState: String, Codable, Sendable, CaseIterable {
    /// Waits for other jobs.
    case waiting
    /// Waits for a person to say `pawl play`.
    case manual
    /// The server looks whether an earlier attempt proves that it need not run.
    case proving
    /// Waits for a runner.
    case ready
    /// A runner has it, under a lease.
    case running
    /// The script ended; the server is judging the metrics.
    case judging
    /// Ended well.
    case passed
    /// Not run: an earlier attempt with the same inputs passed, and stands for it.
    case proved
    /// Ended badly.
    case failed
    /// Ended badly, and was allowed to.
    case failedAllowed = "failed_allowed"
    /// Stopped by a person or a newer pipeline.
    case cancelled
    /// Never ran, because of what it waited for.
    case notRun = "not_run"

    /// Whether nothing more happens to it by itself.
    public var isEnded: Bool {
        switch self {
        case .passed, .proved, .failed, .failedAllowed, .cancelled, .notRun: true
        case .waiting, .manual, .proving, .ready, .running, .judging: false
        }
    }

    /// Whether it ended without success, allowed or not, so that a retry of all such jobs is for it too.
    public var isUnsuccessful: Bool {
        switch self {
        case .failed, .failedAllowed, .cancelled: true
        case .waiting, .manual, .proving, .ready, .running, .judging, .passed, .proved, .notRun: false
        }
    }

    /// Whether it stands for work under way or soon to be.
    public var isActive: Bool {
        switch self {
        case .proving, .ready, .running, .judging: true
        case .waiting, .manual, .passed, .proved, .failed, .failedAllowed, .cancelled, .notRun: false
        }
    }
}

/// Where a pipeline is: derived from its jobs, except for the first three.
public enum PipelineState: String, Codable, Sendable, CaseIterable {
    /// From a fork; waits for a maintainer to approve its commit.
    case held
    /// The pipeline file is missing or wrong. Diagnostics say what.
    case notPlanned = "not_planned"
    /// The pipeline file is right and asks for nothing here.
    case empty
    /// Some job is under way or will be.
    case running
    /// Only a person can get it further: a job that must be played stands in the way.
    case manual
    /// Every job that counts passed.
    case passed
    /// A job failed by what is in the repository.
    case failed
    /// No job failed by what is in the repository, but Pawl's side failed at one.
    case system
    /// It was stopped.
    case cancelled

    /// Whether nothing more happens to it by itself.
    public var isEnded: Bool {
        switch self {
        case .held, .running, .manual: false
        case .notPlanned, .empty, .passed, .failed, .system, .cancelled: true
        }
    }
}
