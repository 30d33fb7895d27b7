import PipelineModel

/// A job of a pipeline and its attempts.
public struct StoredJob: Hashable, Sendable {
    /// Its number over all pipelines.
    public var id: JobID
    /// The pipeline it belongs to.
    public var pipeline: PipelineID
    /// Its name, unique within the pipeline.
    public var name: String
    /// Its stage.
    public var stage: String
    /// Where it is.
    public var state: JobState
    /// How it failed, where it did.
    public var failure: Failure?
    /// For a job that was not run, the job whose end is the reason.
    public var because: String?
    /// What the last attempt's log ended with.
    public var summary: String?
    /// Whether a person has started it.
    public var isPlayed: Bool
    /// Why it is being stopped; nil while nobody asked.
    public var cancelReason: String?
    /// The environment it deploys to, by its full name.
    public var environment: String?
    /// From when on it may be handed out, where it is ready: later than now after a failure of Pawl's side.
    public var readyAt: Timestamp?
    /// The deployment to the same environment whose end it waits for; nil where there is none that runs.
    public var waitsFor: JobID?
    /// When its newest round of attempts began to run.
    public var startedAt: Timestamp?
    /// When it ended.
    public var finishedAt: Timestamp?
    /// The attempt at another job that stands for it; nil where it runs itself.
    public var provedBy: ProvingAttempt?
    /// Its attempts, oldest first.
    public var attempts: [StoredAttempt]
}

/// One try at a job.
public struct StoredAttempt: Hashable, Sendable {
    /// Its number over all jobs.
    public var id: AttemptID
    /// The job it is a try at.
    public var job: JobID
    /// Its number within the job, from 1.
    public var number: Int
    /// The lease's epoch.
    public var epoch: Int64
    /// The name of the runner that has or had it.
    public var runner: String
    /// That runner's number; nil for attempts from before there was a pool.
    public var runnerID: RunnerID?
    /// The GPUs that go or went with it.
    public var gpus: [GrantedGPU]
    /// The number of the attempt whose checkpoint it went on from; nil where it began anew.
    public var resumedFrom: Int?
    /// What it used; nil while it has not ended, and where it never began.
    public var usage: AttemptUsage?
    /// What its tests found; nil where nothing is known of any.
    public var findings: Findings?
    /// Where it is.
    public var state: AttemptState
    /// Until when its lease holds or held.
    public var leaseUntil: Timestamp
    /// When it was handed out.
    public var claimedAt: Timestamp
    /// When its runner said that it starts.
    public var acknowledgedAt: Timestamp?
    /// When the script's container started, by the runner's clock.
    public var startedAt: Timestamp?
    /// When it ended, by the runner's clock, or by the server's where the runner did not say.
    public var finishedAt: Timestamp?
    /// How it failed, where it did.
    public var failure: Failure?
    /// The script's exit code.
    public var exitCode: Int?
    /// What its log ended with.
    public var summary: String?
    /// The image that was really used.
    public var imageDigest: String?
    /// How large its log is; nil while it is still written.
    public var logSize: ByteCount?
    /// When its log was removed by retention; nil while it is kept.
    public var logRemovedAt: Timestamp?
    /// What it left.
    public var artifacts: [ArtifactReference]

    /// The lease to speak under.
    public var key: LeaseKey { LeaseKey(job: job, attempt: id, epoch: epoch) }
}
