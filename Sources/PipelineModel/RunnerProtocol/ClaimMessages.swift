extension RunnerProtocol {
    /// A runner's question for work.
    public struct ClaimQuestion: Hashable, Codable, Sendable {
        /// What its machine has now.
        public var inventory: Inventory
        /// Its version of Pawl.
        public var version: String
        /// How long the answer may be waited for, at most `longestWait`.
        public var waitMs: Int64

        /// Asks for work.
        public init(_ request: ClaimRequest, wait: Duration) {
            inventory = Inventory(request.inventory)
            version = request.version
            waitMs = wait.wholeMilliseconds
        }

        /// The question; nil where the inventory is none.
        public var request: ClaimRequest? {
            inventory.inventory.map { ClaimRequest(inventory: $0, version: version) }
        }
    }

    /// A job handed out, and the token that every further call about it has to show.
    public struct ClaimAnswer: Hashable, Codable, Sendable {
        /// The job.
        public var job: JobID
        /// The attempt at it.
        public var attempt: AttemptID
        /// The lease's epoch.
        public var epoch: Int64
        /// The pipeline.
        public var pipeline: PipelineID
        /// The job's name, for people.
        public var jobName: String
        /// How long the lease holds before it is acknowledged.
        public var leaseForMs: Int64
        /// What is shown in `Pawl-Attempt`.
        public var token: Secret

        /// Hands a job out.
        public init(_ claim: Claim, token: Redacted) {
            job = claim.key.job
            attempt = claim.key.attempt
            epoch = claim.key.epoch
            pipeline = claim.pipeline
            jobName = claim.jobName
            leaseForMs = claim.leaseFor.wholeMilliseconds
            self.token = Secret(token)
        }

        /// The hand-out.
        public var claim: Claim {
            Claim(
                key: LeaseKey(job: job, attempt: attempt, epoch: epoch), pipeline: pipeline, jobName: jobName,
                leaseFor: .milliseconds(leaseForMs))
        }
    }
}
