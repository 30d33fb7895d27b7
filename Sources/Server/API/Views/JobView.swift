import Evaluation
import PipelineModel
import Store

/// A job of a pipeline and its attempts.
public struct JobView: Codable, Hashable, Sendable {
    /// Its number over all pipelines.
    public var id: JobID
    /// Its name, unique within the pipeline.
    public var name: String
    /// Its stage.
    public var stage: String
    /// Which run of a job with seeds it is; nil for a job without.
    public var seed: PlannedJob.Seed?
    /// Where it is.
    public var state: JobState
    /// How it failed, where it did.
    public var failure: FailureView?
    /// For a job that was not run, the job whose end is the reason.
    public var because: String?
    /// What the last attempt's log ended with.
    public var summary: String?
    /// Jobs that have to end before it starts.
    public var needs: [String]
    /// Whether it may fail without the pipeline failing.
    public var mayFail: Bool
    /// The environment it deploys to.
    public var environment: String?
    /// What a runner must have.
    public var tags: [String]
    /// From when on it may be handed out, where it is ready.
    public var readyAt: Timestamp?
    /// When its newest round of attempts began.
    public var startedAt: Timestamp?
    /// When it ended.
    public var finishedAt: Timestamp?
    /// The attempt at another job that stands for it; nil where it runs itself.
    public var provedBy: ProvingAttempt?
    /// Its attempts, oldest first.
    public var attempts: [AttemptView]

    /// Shows a stored job beside what was planned.
    public init(_ job: StoredJob, planned: PlannedJob?, plan: Plan?) {
        id = job.id
        name = job.name
        stage = job.stage
        state = job.state
        failure = job.failure.map(FailureView.init)
        because = job.because
        summary = job.summary
        if let planned, let plan {
            needs = PipelineProgress(plan: plan, standings: [:]).prerequisites(of: planned)
        } else {
            needs = []
        }
        seed = planned?.seed
        mayFail = planned?.allowFailure == .always
        environment = job.environment
        tags = planned?.tags ?? []
        readyAt = job.readyAt
        startedAt = job.startedAt
        finishedAt = job.finishedAt
        provedBy = job.provedBy
        attempts = job.attempts.map(AttemptView.init)
    }

    /// What the tests of its newest attempt found; nil while that has not ended, and where nothing is known of any.
    public var findings: Findings? { attempts.last?.findings }

    /// What it came to in a few words: `212 passed, 3 skipped, coverage 87.4 %`.
    public var told: String? {
        let words = [summary, findings?.coverageWords].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    /// How long it waits before it may be handed out, as one that is delayed or tried again; nil where it does not.
    public func delay(at now: Timestamp) -> Duration? {
        guard state == .ready, let readyAt, readyAt > now else { return nil }
        return readyAt - now
    }

    /// How long it took, or has run at `now`; nil where it never ran.
    public func duration(at now: Timestamp) -> Duration? {
        guard let startedAt else { return nil }
        return (finishedAt ?? now) - startedAt
    }
}

/// How something failed, and whose failure it is.
public struct FailureView: Codable, Hashable, Sendable {
    /// The failure's class.
    public var `class`: FailureClass
    /// The script's exit code.
    public var exitCode: Int?
    /// What happened, in words.
    public var message: String
    /// Whether it is Pawl's side that failed, not the change under test.
    public var isOurs: Bool

    /// What it shows.
    public var failure: Failure { Failure(self.class, exitCode: exitCode, message) }

    /// Shows a failure.
    public init(_ failure: Failure) {
        self.class = failure.class
        exitCode = failure.exitCode
        message = failure.message
        isOurs = failure.class.isOurs
    }
}

/// One try at a job.
public struct AttemptView: Codable, Hashable, Sendable {
    /// Its number over all jobs.
    public var id: AttemptID
    /// Its number within the job, from 1.
    public var number: Int
    /// The runner that has or had it.
    public var runner: String
    /// Where it is.
    public var state: AttemptState
    /// When it was handed out.
    public var claimedAt: Timestamp
    /// When the script's container started.
    public var startedAt: Timestamp?
    /// When it ended.
    public var finishedAt: Timestamp?
    /// How it failed, where it did.
    public var failure: FailureView?
    /// The script's exit code.
    public var exitCode: Int?
    /// What its log ended with.
    public var summary: String?
    /// The image that was really used.
    public var imageDigest: String?
    /// How large its log is, in bytes; nil while it is still written.
    public var logSize: ByteCount?
    /// When retention removed its log; nil while it is kept.
    public var logRemovedAt: Timestamp?
    /// What it left, each a packed archive.
    public var artifacts: [ArtifactReference]
    /// The number of the attempt whose checkpoint it went on from; nil where it began anew.
    public var resumedFrom: Int?
    /// What it used; nil while it has not ended, and where it never began.
    public var usage: AttemptUsage?
    /// What its tests found; nil where nothing is known of any.
    public var findings: Findings?

    /// Shows a stored attempt.
    public init(_ attempt: StoredAttempt) {
        id = attempt.id
        number = attempt.number
        runner = attempt.runner
        state = attempt.state
        claimedAt = attempt.claimedAt
        startedAt = attempt.startedAt
        finishedAt = attempt.finishedAt
        failure = attempt.failure.map(FailureView.init)
        exitCode = attempt.exitCode
        summary = attempt.summary
        imageDigest = attempt.imageDigest
        logSize = attempt.logSize
        logRemovedAt = attempt.logRemovedAt
        artifacts = attempt.artifacts
        resumedFrom = attempt.resumedFrom
        usage = attempt.usage
        findings = attempt.findings
    }
}
