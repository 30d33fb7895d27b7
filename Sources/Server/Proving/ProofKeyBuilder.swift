import GitRepositories
import PipelineModel
import Signing
import Store

/// Works out what a job would read if it ran now.
public struct ProofKeyBuilder: Sendable {
    /// A question for the image that a job would run in.
    public struct ImageQuestion: Sendable {
        /// The image's name, variables replaced.
        public var name: String
        /// When it would be pulled.
        public var pullPolicies: [PlannedJob.PullPolicy]
        /// Logins that the job would get.
        public var logins: [RegistryLogin]
    }

    /// What is known of an image.
    public enum ImageAnswer: Hashable, Sendable {
        /// Its id, as results name it.
        case known(String)
        /// Why nobody can tell.
        case unknown(String)
    }

    private let store: Store
    private let assignments: AssignmentBuilder
    private let mirrors: Mirrors
    private let image: @Sendable (ImageQuestion) async -> ImageAnswer

    /// - Parameter image: asks an engine.
    public init(
        store: Store, assignments: AssignmentBuilder, mirrors: Mirrors,
        image: @escaping @Sendable (ImageQuestion) async -> ImageAnswer
    ) {
        self.store = store
        self.assignments = assignments
        self.mirrors = mirrors
        self.image = image
    }

    /// The key of a job as it would be handed out now; nil for one that lacks artifacts which are not kept any more.
    /// - Throws: where the commit or its secrets cannot be read.
    func key(of attempt: AcknowledgedAttempt, now: Timestamp) async throws -> JobKey? {
        guard attempt.expired.isEmpty else { return nil }
        let assignment = try await assignments.assignment(for: attempt, now: now)
        let job = assignment.job
        let expansion = VariableExpansion(assignment.variables)
        let mirror = try await mirrors.mirror(
            of: assignment.repository,
            with: CommitSource(
                commit: assignment.commit, ref: assignment.ref, fetchURL: assignment.fetchURL,
                credential: assignment.gitCredential))
        let inputs = try await mirror.inputs((job.ml?.inputs ?? []).map(expansion.expand), at: assignment.commit)
        var parts = Self.parts(of: job, assignment, expansion, pullRequest: attempt.pipeline.pullRequest)
        parts[.variables] += try await secrets(of: attempt)
        parts.setInputs(
            digest: Hex.encode(try SHA256Digest.of(inputs.canonicalBytes)),
            files: inputs.entries.map { .init($0.path, "\($0.mode) \($0.id)") })
        var key = JobKey(parts: parts, tree: try await mirror.treeID(of: assignment.commit))
        await addImage(of: assignment, expansion, to: &key)
        return key
    }

    /// What can be told from the assignment alone.
    static func parts(
        of job: PlannedJob, _ assignment: Assignment, _ expansion: VariableExpansion, pullRequest: Int64? = nil
    ) -> ProofKey {
        typealias Item = ProofKey.Item
        func numbered(_ name: String, _ texts: [String]) -> [Item] {
            texts.enumerated().map { Item("\(name) \($0.offset + 1)", $0.element) }
        }
        var key = ProofKey()
        key[.script] =
            numbered("entrypoint", job.image?.entrypoint ?? []) + numbered("user", job.image?.user.map { [$0] } ?? [])
            + numbered("platform", job.image?.platform.map { [$0] } ?? []) + numbered("before_script", job.beforeScript)
            + numbered("script", job.script) + numbered("after_script", job.afterScript)
        if let environment = InputEnvironment(of: job) {
            key[.variables] = expansion.all.filter { environment.shows($0.name) }.sorted { $0.name < $1.name }
                .map { Item($0.name, $0.value) }
        }
        key[.parameters] = [
            job.seed.map { Item("seed", String($0.number)) },
            job.part.map { Item("part", "\($0.index) of \($0.total)") },
        ].compactMap(\.self)
        key[.artifacts] = assignment.artifacts.map { Item($0.job, $0.artifact.sha256) }
        let ml = job.ml ?? MLSettings()
        key[.machine] =
            job.tags.sorted().map { Item("tag", $0) } + ml.data.sorted().map { Item("data", $0) }
            + [
                ml.gpus.map { Item("gpus", String($0)) }, ml.gpuMemory.map { Item("gpu_memory", String($0.bytes)) },
            ].compactMap(\.self)
        let artifacts = job.artifacts
        key[.outputs] =
            numbered("path", artifacts?.paths ?? []) + numbered("exclude", artifacts?.exclude ?? [])
            + [artifacts.map { Item("when", $0.when.rawValue) }].compactMap(\.self)
            + numbered("metrics", artifacts?.reports?.metrics ?? []) + numbered("curves", ml.curves)
            + numbered("examples", ml.examples) + numbered("params", ml.params)
            + numbered("gate", ml.gate.map(\.metric).sorted())
            + [ml.checkpoint.map { Item("checkpoint", $0) }].compactMap(\.self)
        if assignment.trust == .fork {
            key[.trust] = [Item("fork", pullRequest.map { "pull request \($0)" } ?? "none")]
        }
        return key
    }

    /// The secrets that the job would get, each by when it was set: its value stays where it is.
    private func secrets(of attempt: AcknowledgedAttempt) async throws -> [ProofKey.Item] {
        let named = Set(attempt.job.ml?.secrets ?? [])
        guard !named.isEmpty else { return [] }
        return try await store.secrets(
            of: attempt.pipeline.repository, for: attempt.pipeline.trust, environment: attempt.environment
        ).filter { named.contains($0.description.name) }.map {
            .init("secret \($0.description.name)", "\($0.description.kind.rawValue) set \($0.setAt.milliseconds)")
        }
    }

    private func addImage(of assignment: Assignment, _ expansion: VariableExpansion, to key: inout JobKey) async {
        guard let written = assignment.job.image?.name else {
            key.note = "the job names no image, and the server has no default"
            return
        }
        let name = expansion.expand(written).trimmingSpaces
        if let mark = name.lastIndex(of: "@"), name[mark...].hasPrefix("@sha256:") {
            let digest = String(name[name.index(after: mark)...])
            (key.image, key.pinnedImage) = (digest, digest)
            return
        }
        let question = ImageQuestion(
            name: name, pullPolicies: assignment.job.image?.pullPolicy ?? [.ifNotPresent],
            logins: assignment.registryLogins)
        switch await image(question) {
        case .known(let id): key.image = id
        case .unknown(let why): key.note = why
        }
    }
}
