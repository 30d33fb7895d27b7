import Forges
import FoundationEssentials
import PipelineLanguage
import PipelineModel
import Signing
import Store

/// Puts together what a runner needs for an attempt: variables, secrets, credentials, limits.
public struct AssignmentBuilder: Sendable {
    private let store: Store
    private let vault: SecretVault
    private let forges: ForgeConnections
    private let limits: JobLimits
    private let registryLogins: [RegistryLogin]
    private let defaultImage: String?
    /// How much the artifacts of one attempt may have together.
    var artifactSize: ByteCount { limits.artifactSize }
    /// How long artifacts are kept of which the pipeline file does not say; nil means for ever.
    let artifactRetention: Duration?
    private let links: PipelineLinks?

    /// Builds assignments with the server's limits and logins.
    public init(
        store: Store, vault: SecretVault, forges: ForgeConnections, limits: JobLimits,
        registryLogins: [RegistryLogin] = [], defaultImage: String? = nil, artifactRetention: Duration? = nil,
        links: PipelineLinks? = nil
    ) {
        self.store = store
        self.vault = vault
        self.forges = forges
        self.limits = limits
        self.registryLogins = registryLogins
        self.defaultImage = defaultImage
        self.artifactRetention = artifactRetention
        self.links = links
    }

    /// The assignment of an attempt that was acknowledged now.
    func assignment(for attempt: AcknowledgedAttempt, now: Timestamp) async throws -> Assignment {
        let pipeline = attempt.pipeline
        let reference = attempt.repository.reference
        var job = attempt.job
        if job.image == nil { job.image = defaultImage.map { PlannedJob.Image(name: $0) } }
        return Assignment(
            key: attempt.key, attemptNumber: attempt.attemptNumber, pipeline: pipeline.id, job: job,
            repository: reference, fetchURL: pipeline.fetchURL, ref: pipeline.ref, commit: pipeline.commit,
            trust: pipeline.trust.ofCommit, variables: try variables(of: attempt, job: job, now: now),
            secrets: try await secrets(of: attempt),
            gitCredential: try await forges[reference.forge]?.gitCredential(for: reference),
            registryLogins: pipeline.trust.isFork ? [] : registryLogins,
            closedRegistries: pipeline.trust.isFork ? registryLogins.map(\.registry) : [],
            artifacts: attempt.artifacts, checkpoint: attempt.checkpoint, gpus: attempt.gpus,
            limits: limits.lowered(by: job))
    }

    /// In ascending precedence: those of the event, of the pipeline, of the attempt, of the pipeline file, of earlier jobs.
    private func variables(of attempt: AcknowledgedAttempt, job: PlannedJob, now: Timestamp) throws -> [Variable] {
        let pipeline = attempt.pipeline
        let facts = AttemptFacts(
            jobID: attempt.key.job.rawValue, attemptNumber: attempt.attemptNumber,
            jobURL: links?.link(to: job.name, of: pipeline.id), startedAt: Self.text(of: now),
            timeout: limits.lowered(by: job).timeout)
        let ofAttempt = try PredefinedVariables.attempt(
            facts, of: job, environment: attempt.environment, sha256: SHA256Digest.of)
        let id = pipeline.id.description
        let ofPipeline = [
            ("CI_PIPELINE_ID", id), ("CI_PIPELINE_IID", String(attempt.pipelineNumber)),
            ("CI_PIPELINE_CREATED_AT", Self.text(of: pipeline.createdAt)), ("CI_PIPELINE_NAME", attempt.pipelineName),
            ("CI_PIPELINE_URL", links?.link(to: pipeline.id)), ("PAWL_PIPELINE", id),
        ].compactMap { name, value in value.map { Variable(name, $0, expands: false) } }
        return attempt.variables + ofPipeline + ofAttempt + job.variables + attempt.dotenv
    }

    /// A moment as GitLab writes it: ISO 8601, in whole seconds.
    private static func text(of moment: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(moment.milliseconds / 1_000)).formatted(.iso8601)
    }

    private func secrets(of attempt: AcknowledgedAttempt) async throws -> [GrantedSecret] {
        let repository = attempt.pipeline.repository
        let stored = try await store.secrets(
            of: repository, for: attempt.pipeline.trust, environment: attempt.environment
        ).filter { secret in
            // A job with inputs names its secrets as well: what it sees by the way would be an input that nobody declared.
            !attempt.job.hasInputs || attempt.job.ml?.secrets.contains(secret.description.name) == true
        }
        return try stored.map { secret in
            let description = secret.description
            let value = try vault.open(
                secret.sealed, named: description.name, environment: description.environment, of: repository)
            return GrantedSecret(name: description.name, kind: description.kind, value: value)
        }
    }
}
