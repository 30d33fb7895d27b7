extension RunnerProtocol {
    /// Everything a runner needs to carry out an attempt, as it travels: the answer to `acknowledge`, and to nothing else,
    /// for it has secrets in it.
    public struct AssignmentAnswer: Codable, Sendable {
        var job: JobID
        var attempt: AttemptID
        var epoch: Int64
        /// How long the lease holds from now on without a heartbeat.
        public var leaseForMs: Int64?
        var attemptNumber: Int
        var pipeline: PipelineID
        /// The job as its plan has it, but for the two durations below.
        var plan: PlannedJob
        var timeoutMs: Int64?
        var artifactsExpireInMs: Int64?
        var repository: RepositoryReference
        var fetchURL: String?
        var ref: String
        var commit: String
        var trust: CommitTrust
        var variables: [Variable]
        var secrets: [GrantedSecretMessage]
        var gitCredential: GitLoginMessage?
        var registryLogins: [RegistryLoginMessage]
        var closedRegistries: [String]
        var artifacts: [ArtifactInput]
        var checkpoint: Checkpoint?
        var gpus: [GrantedGPU]
        var limits: Limits

        /// A secret of the repository.
        struct GrantedSecretMessage: Codable, Sendable {
            var name: String
            var kind: SecretDescription.Kind
            var value: Secret
        }

        /// A user and a password.
        struct GitLoginMessage: Codable, Sendable {
            var user: String
            var password: Secret
            var readsSubmodules: Bool?
        }

        /// A login for a container registry.
        struct RegistryLoginMessage: Codable, Sendable {
            var registry: String
            var user: String
            var password: Secret
        }

        /// Puts an assignment into the form that travels.
        public init(_ assignment: Assignment) {
            job = assignment.key.job
            attempt = assignment.key.attempt
            epoch = assignment.key.epoch
            leaseForMs = assignment.leaseFor?.wholeMilliseconds
            attemptNumber = assignment.attemptNumber
            pipeline = assignment.pipeline
            plan = assignment.job
            timeoutMs = assignment.job.timeout?.wholeMilliseconds
            plan.timeout = nil
            artifactsExpireInMs = assignment.job.artifacts?.expireIn?.wholeMilliseconds
            plan.artifacts?.expireIn = nil
            repository = assignment.repository
            fetchURL = assignment.fetchURL
            ref = assignment.ref
            commit = assignment.commit
            trust = assignment.trust
            variables = assignment.variables
            secrets = assignment.secrets.map { .init(name: $0.name, kind: $0.kind, value: Secret($0.value)) }
            gitCredential = assignment.gitCredential.map {
                .init(user: $0.user, password: Secret($0.password), readsSubmodules: $0.readsSubmodules)
            }
            registryLogins = assignment.registryLogins.map {
                .init(registry: $0.registry, user: $0.user, password: Secret($0.password))
            }
            closedRegistries = assignment.closedRegistries
            artifacts = assignment.artifacts
            checkpoint = assignment.checkpoint
            gpus = assignment.gpus
            limits = Limits(assignment.limits)
        }

        /// The assignment.
        public var assignment: Assignment {
            var planned = plan
            planned.timeout = timeoutMs.map { .milliseconds($0) }
            planned.artifacts?.expireIn = artifactsExpireInMs.map { .milliseconds($0) }
            return Assignment(
                key: LeaseKey(job: job, attempt: attempt, epoch: epoch), attemptNumber: attemptNumber,
                pipeline: pipeline, job: planned, repository: repository, fetchURL: fetchURL, ref: ref, commit: commit,
                trust: trust, variables: variables,
                secrets: secrets.map { GrantedSecret(name: $0.name, kind: $0.kind, value: $0.value.value) },
                gitCredential: gitCredential.map {
                    GitCredential(
                        user: $0.user, password: $0.password.value, readsSubmodules: $0.readsSubmodules ?? false)
                },
                registryLogins: registryLogins.map {
                    RegistryLogin(registry: $0.registry, user: $0.user, password: $0.password.value)
                },
                closedRegistries: closedRegistries, artifacts: artifacts, checkpoint: checkpoint, gpus: gpus,
                limits: limits.limits,
                leaseFor: leaseForMs.map { .milliseconds($0) })
        }
    }

    /// What one job may use at most, as it travels.
    public struct Limits: Hashable, Codable, Sendable {
        var cpus: Double?
        var memory: ByteCount?
        var pids: Int
        var timeoutMs: Int64
        var noOutputTimeoutMs: Int64
        var logSize: ByteCount
        var shmSize: ByteCount
        var artifactSize: ByteCount

        init(_ limits: JobLimits) {
            cpus = limits.cpus
            memory = limits.memory
            pids = limits.pids
            timeoutMs = limits.timeout.wholeMilliseconds
            noOutputTimeoutMs = limits.noOutputTimeout.wholeMilliseconds
            logSize = limits.logSize
            shmSize = limits.shmSize
            artifactSize = limits.artifactSize
        }

        var limits: JobLimits {
            JobLimits(
                cpus: cpus, memory: memory, pids: pids, timeout: .milliseconds(timeoutMs),
                noOutputTimeout: .milliseconds(noOutputTimeoutMs), logSize: logSize, shmSize: shmSize,
                artifactSize: artifactSize)
        }
    }
}
