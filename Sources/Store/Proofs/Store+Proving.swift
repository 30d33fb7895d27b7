import PipelineModel

/// A job that is ready to run unless an earlier attempt proves that it need not.
public struct ProvingCase: Sendable {
    /// The job as it would be handed out now, under a lease that nobody has.
    public var job: AcknowledgedAttempt
    /// The job as it was seen.
    let row: JobRow
}

/// What a job would read, as it was worked out for it.
public struct JobKey: Sendable {
    /// Everything but the image.
    public var parts: ProofKey
    /// The image that the job would run in; nil where nobody knows.
    public var image: String?
    /// The digest by which the job names its image; nil where it names it by a tag.
    public var pinnedImage: String?
    /// Git's name of the commit's whole tree.
    public var tree: String
    /// Why the image is not known.
    public var note: String?

    /// Describes what a job would read.
    public init(parts: ProofKey, image: String? = nil, pinnedImage: String? = nil, tree: String, note: String? = nil) {
        self.parts = parts
        self.image = image
        self.pinnedImage = pinnedImage
        self.tree = tree
        self.note = note
    }
}

/// What became of a job that might have been proved.
public enum ProvingOutcome: Hashable, Sendable {
    /// It is proved, and need not run.
    case proved(ProvingAttempt)
    /// It runs.
    case queued
    /// It runs though it is proved, so that the proof is checked.
    case queuedAsCheck(ProvingAttempt)
    /// It has moved on meanwhile; nothing was changed.
    case movedOn
}

extension Store {
    /// Jobs that wait to be proved or let go, those first that have waited longest.
    public func provingJobs() async throws -> [JobID] {
        try await database.read { connection in
            try connection.rows("SELECT id FROM job WHERE state = 'proving' ORDER BY id").map { try $0.id("id") }
        }
    }

    /// A job that waits to be proved or let go, with all that it would be handed out with; nil where it has moved on.
    public func provingCase(of id: JobID) async throws -> ProvingCase? {
        try await database.read { connection in
            let change = try PipelineChange(try Self.pipeline(of: id, on: connection), on: connection)
            let index = try change.index(of: id)
            let row = change.jobs[index]
            guard row.state == .proving else { return nil }
            let key = LeaseKey(job: id, attempt: AttemptID(rawValue: 0), epoch: row.epoch)
            return ProvingCase(
                job: try Self.describe(index, of: change, as: key, number: row.attempts + 1, on: connection), row: row)
        }
    }

    /// Ends a job as proved, or lets it go to the queue, in one transaction that nothing else can have come before: a job
    /// that was stopped, begun again or let go since it was looked at is left alone.
    /// - Parameters:
    ///   - key: what it would read; nil where that could not be worked out, and then it runs.
    ///   - isChecked: whether a proof that would do, by the SHA-256 of its key, is to be checked by running the job.
    ///   - retention: how long artifacts are kept of which the plan does not say; nil means for ever.
    public func settle(
        _ waiting: ProvingCase, with key: JobKey?, isChecked: @Sendable (String) -> Bool,
        keptFor retention: Duration? = nil, now: Timestamp
    ) async throws -> ProvingOutcome {
        let settings = settings
        let proof = try await proof(for: waiting, with: key, now: now)
        let isToCheck = proof.map { waiting.row.isFresh || isChecked($0.key) } ?? false
        let outcome = try await change { connection, consequences -> ProvingOutcome in
            var change = try PipelineChange(waiting.job.pipeline.id, on: connection)
            let index = try change.index(of: waiting.row.id)
            guard change.jobs[index] == waiting.row else { return .movedOn }
            try Self.keep(key, of: waiting.row.id, checking: isToCheck ? proof : nil, on: connection, now: now)
            let outcome: ProvingOutcome
            if let proof, !isToCheck, try Self.isUsable(proof, on: connection, now: now) {
                try Self.prove(index, by: proof, in: &change, keptFor: retention, on: connection, now: now)
                try Self.pass(on: proof, to: waiting.job.pipeline, tree: key?.tree, on: connection, now: now)
                outcome = .proved(proof.attempt)
            } else {
                change.update(index) {
                    $0.isFresh = false
                    $0.makeReady(at: now)
                }
                outcome = isToCheck ? proof.map { .queuedAsCheck($0.attempt) } ?? .queued : .queued
            }
            try change.save(on: connection, settings: settings, &consequences, now: now)
            return outcome
        }
        return outcome
    }

    // MARK: - Proofs that do

    /// The oldest proof that does for a job: with the same key, trusted by its ref, never found wrong, and with all that its
    /// attempt left. The oldest, so that nobody tries until a luckier one is there.
    private func proof(for waiting: ProvingCase, with key: JobKey?, now: Timestamp) async throws -> StoredProof? {
        guard let key, let image = key.image else { return nil }
        let hash = try Self.hash(of: key.parts, image: image)
        let pipeline = waiting.job.pipeline
        let origin = Self.origin(of: pipeline, tree: key.tree)
        let found = try await database.read { connection in
            try connection.rows(
                "SELECT \(StoredProof.columns) FROM \(StoredProof.joined) "
                    + "WHERE proof.repository = $1 AND proof.key = $2 ORDER BY proof.id LIMIT 100",
                pipeline.repository, hash
            ).map(StoredProof.init(row:)).filter {
                try $0.origin.proves(origin) && Self.isUsable($0, on: connection, now: now)
            }
        }
        for proof in found where try await hasContent(proof.attempt.id) { return proof }
        return nil
    }

    /// Whether the bytes of all artifacts are there, as they are not after a backup of the database alone was restored.
    private func hasContent(_ attempt: AttemptID) async throws -> Bool {
        let hashes = try await database.read { connection in
            try connection.rows("SELECT sha256 FROM artifact WHERE attempt = $1", attempt).map { try $0.text("sha256") }
        }
        for hash in hashes where try await !blobs.contains(hash) { return false }
        return true
    }

    /// Whether nothing that its attempt left is gone, and no check of its key has found a difference.
    private static func isUsable(
        _ proof: StoredProof, on connection: any DatabaseConnection, now: Timestamp
    ) throws -> Bool {
        try connection.row(
            """
            SELECT id FROM proof
            WHERE id = $1
                AND NOT EXISTS (
                    SELECT 1 FROM artifact
                    WHERE artifact.attempt = proof.attempt AND (removed_at IS NOT NULL OR expires_at <= $2))
                AND NOT EXISTS (
                    SELECT 1 FROM proof_check
                    WHERE proof_check.repository = proof.repository AND proof_check.key = proof.key
                        AND difference IS NOT NULL)
            """, proof.id, now) != nil
    }

    static func origin(of pipeline: StoredPipeline, tree: String?) -> ProofOrigin {
        ProofOrigin(trust: pipeline.trust.ofCommit, pullRequest: pipeline.pullRequest, tree: tree)
    }

    // MARK: - Writing

    /// Puts an attempt in the place of a job's own. What it left is kept at least as long as if the job had run now.
    private static func prove(
        _ index: Int, by proof: StoredProof, in change: inout PipelineChange, keptFor retention: Duration?,
        on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let planned = change.plan.jobs[index]
        change.update(index) { job in
            job.provedBy = proof.attempt.id
            job.summary = "proved by #\(proof.attempt.pipeline), nothing run"
            if planned.isGated { job.awaitVerdict(now: now) } else { job.end(as: .proved, now: now) }
        }
        if let time = planned.artifacts?.expireIn ?? retention {
            try connection.execute(
                "UPDATE artifact SET expires_at = $2 WHERE attempt = $1 AND expires_at < $2", proof.attempt.id,
                now + time)
        } else {
            try connection.execute("UPDATE artifact SET expires_at = NULL WHERE attempt = $1", proof.attempt.id)
        }
    }

    /// Writes down that what a branch has proved is proved for the protected ref that has taken its files in: later commits
    /// of that have other trees.
    private static func pass(
        on proof: StoredProof, to pipeline: StoredPipeline, tree: String?, on connection: any DatabaseConnection,
        now: Timestamp
    ) throws {
        guard proof.origin.trust == .branch, pipeline.trust.ofCommit == .protected else { return }
        try connection.execute(
            """
            INSERT INTO proof (
                repository, key, attempt, node, seed, trust, tree, is_on_protected_runner, image, parts, made_at)
            SELECT repository, key, attempt, node, seed, 'protected', $2, is_on_protected_runner, image, parts, $3
            FROM proof WHERE id = $1
            ON CONFLICT (repository, key, attempt, trust) DO NOTHING
            """, proof.id, tree, now)
    }

    private static func keep(
        _ key: JobKey?, of job: JobID, checking proof: StoredProof?, on connection: any DatabaseConnection,
        now: Timestamp
    ) throws {
        try connection.execute("DELETE FROM job_key WHERE job = $1", job)
        guard let key else { return }
        try connection.execute(
            """
            INSERT INTO job_key (job, parts, image, pinned_image, tree, note, checks, made_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """, job, try jsonText(key.parts), key.image, key.pinnedImage, key.tree, key.note, proof?.id, now)
    }
}
