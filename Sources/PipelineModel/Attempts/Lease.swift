/// Names an attempt under its lease. Every call of a runner carries one, and a late writer is refused by it.
public struct LeaseKey: Hashable, Codable, Sendable {
    /// The job.
    public var job: JobID
    /// The attempt at it.
    public var attempt: AttemptID
    /// Raised by every claim of the job: an older one has lost its right to write.
    public var epoch: Int64

    /// Names a lease.
    public init(job: JobID, attempt: AttemptID, epoch: Int64) {
        self.job = job
        self.attempt = attempt
        self.epoch = epoch
    }
}

/// A job handed out to a runner that has not yet said it will start it.
public struct Claim: Hashable, Codable, Sendable {
    /// The lease to speak under.
    public var key: LeaseKey
    /// The pipeline it belongs to.
    public var pipeline: PipelineID
    /// The job's name, for people.
    public var jobName: String
    /// How long the lease holds from now on without a heartbeat.
    public var leaseFor: Duration

    /// Describes a hand-out.
    public init(key: LeaseKey, pipeline: PipelineID, jobName: String, leaseFor: Duration) {
        self.key = key
        self.pipeline = pipeline
        self.jobName = jobName
        self.leaseFor = leaseFor
    }
}

/// The server's answer to a heartbeat.
public enum HeartbeatAnswer: Hashable, Codable, Sendable {
    /// Go on; the lease holds that long from now.
    case renewed(leaseFor: Duration)
    /// Stop the job; its result will be `cancelled`.
    case cancel(reason: String)
    /// The lease is another's. Destroy the containers, write nothing more.
    case lost
}
