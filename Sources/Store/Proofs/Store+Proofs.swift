import PipelineModel
import Signing

extension Store {
    /// The SHA-256 of a key with its image, in hexadecimal digits.
    static func hash(of parts: ProofKey, image: String) throws -> String {
        Hex.encode(try SHA256Digest.of(parts.canonicalBytes(image: image)))
    }

    /// Writes down what an attempt has proved, in the transaction that ends it, and what it says of a proof that it checks.
    ///
    /// It proves something only where it passed, its runner says that its workspace was made of the inputs that count, and
    /// which image it ran in, and the secrets that count are still those that it got.
    static func noteProof(
        of attempt: StoredAttempt, _ result: AttemptResult, ending: Ending, job index: Int, in change: PipelineChange,
        on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let row = try connection.row(
            """
            SELECT 'job_key' AS row_table, job AS id, parts, image, pinned_image, tree, checks, made_at
            FROM job_key WHERE job = $1
            """, attempt.job)
        guard let row else { return }
        let parts: ProofKey = try row.json("parts")
        guard result.inputs != nil, result.inputs == parts.inputsDigest,
            let image = try row.optionalText("pinned_image") ?? result.imageDigest
        else { return }
        let key = try hash(of: parts, image: image)
        let (planned, pipeline) = (change.plan.jobs[index], change.pipeline)
        if let checked = try row.optionalInteger("checks"), change.jobs[index].state != .ready {
            try noteCheck(
                of: checked, with: key, by: attempt, ending, node: planned.node, in: pipeline, on: connection, now: now)
        }
        let hasChangedSecret = try connection.row(
            "SELECT id FROM secret WHERE repository = $1 AND set_at >= $2 LIMIT 1", pipeline.repository,
            try row.time("made_at"))
        guard ending == .passed, hasChangedSecret == nil || planned.ml?.secrets.isEmpty != false else { return }
        try connection.execute(
            """
            INSERT INTO proof (
                repository, key, attempt, node, seed, trust, pull_request, tree, is_on_protected_runner, image, parts,
                made_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (repository, key, attempt, trust) DO NOTHING
            """,
            pipeline.repository, key, attempt.id, planned.node, planned.seed?.number, pipeline.trust.ofCommit.rawValue,
            pipeline.pullRequest, try row.optionalText("tree"),
            try servesProtected(attempt.runnerID, pipeline.repository, on: connection), image, try row.text("parts"),
            now)
    }

    /// Whether a runner takes jobs of the repository's protected refs.
    private static func servesProtected(
        _ runner: RunnerID?, _ repository: RepositoryID, on connection: any DatabaseConnection
    ) throws -> Bool {
        guard let runner,
            let row = try connection.row("SELECT 'runner' AS row_table, id, scope FROM runner WHERE id = $1", runner)
        else { return false }
        let demand = JobDemand(repository: repository, trust: .protected, needs: MachineNeeds())
        return try row.json("scope", ServingScope.self).obstacle(to: demand) == nil
    }

    // MARK: - Checks

    /// Compares an attempt with the one whose proof it checks. A difference makes the key useless: what it names does not
    /// say what comes out.
    private static func noteCheck(
        of proof: Int64, with key: String, by attempt: StoredAttempt, _ ending: Ending, node: String,
        in pipeline: StoredPipeline, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let row = try connection.row(
            "SELECT 'proof' AS row_table, id, attempt FROM proof WHERE id = $1 AND key = $2", proof, key)
        // Another image by now: then it checks nothing.
        guard let first: AttemptID = try row?.id("attempt") else { return }
        let difference: String?
        switch ending {
        case .cancelled: return
        case .failed(let failure):
            guard failure.class == .script else { return }
            difference = "it failed: \(failure.message)"
        case .passed: difference = try self.difference(between: first, and: attempt.id, on: connection)
        }
        try connection.execute(
            """
            INSERT INTO proof_check (repository, key, node, attempt, proof, difference, made_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """, pipeline.repository, key, node, attempt.id, proof, difference, now)
    }

    /// What two attempts left that is not the same, in words; nil where all is.
    private static func difference(
        between first: AttemptID, and second: AttemptID, on connection: any DatabaseConnection
    ) throws -> String? {
        func artifacts(_ attempt: AttemptID) throws -> [String] {
            try connection.rows("SELECT sha256 FROM artifact WHERE attempt = $1 ORDER BY sha256", attempt)
                .map { try $0.text("sha256") }
        }
        let (old, new) = (try artifacts(first), try artifacts(second))
        if old != new {
            let names = [old, new].map { $0.isEmpty ? "none" : $0.map { String($0.prefix(12)) }.joined(separator: " ") }
            return "artifacts \(names[0]) → \(names[1])"
        }
        let (before, after) = (
            try report(of: first, on: connection)?.metrics ?? [], try report(of: second, on: connection)?.metrics ?? []
        )
        // NaN is the same as NaN here.
        for (left, right) in zip(before, after)
        where left.name != right.name || left.value.number.bitPattern != right.value.number.bitPattern {
            return "\(left.name) \(left.value.number) → \(right.name == left.name ? "" : "\(right.name) ")"
                + "\(right.value.number)"
        }
        return before.count == after.count ? nil : "\(before.count) metrics → \(after.count)"
    }

    // MARK: - Reading

    /// How checks of a node's proofs have come out.
    public struct ProofChecks: Hashable, Codable, Sendable {
        /// How many of its jobs were skipped or run as a check, of the last fifty.
        public var skipped = 0
        /// How many of those were run again to check.
        public var checked = 0
        /// What the newest check that found one has found to differ; nil where none has.
        public var difference: String?
    }

    /// What is known of a job's key and of proofs of its node.
    public struct ProofFacts: Sendable {
        /// What the job would read or has read; nil for one that has no key.
        public var parts: ProofKey?
        /// The image, where it is known.
        public var image: String?
        /// Why no proof could be looked for.
        public var note: String?
        /// For a job that is proved its proof; for one that ran the newest earlier proof of its node that its ref trusts.
        public var proof: StoredProof?
        /// How checks have come out.
        public var checks: ProofChecks
    }

    /// What `pawl why` tells of a job with declared inputs; nil where there is no such job.
    public func proofFacts(of id: JobID) async throws -> ProofFacts? {
        try await database.read { connection in
            let change = try PipelineChange(try Self.pipeline(of: id, on: connection), on: connection)
            let index = try change.index(of: id)
            let (job, planned, pipeline) = (change.jobs[index], change.plan.jobs[index], change.pipeline)
            let row = try connection.row(
                """
                SELECT 'job_key' AS row_table, job_key.job AS id, parts, coalesce(
                    pinned_image, attempt.image_digest, image) AS image, tree, note
                FROM job_key JOIN job ON job.id = job_key.job LEFT JOIN attempt ON attempt.id = job.attempt
                WHERE job_key.job = $1
                """, id)
            var facts = ProofFacts(
                parts: try row?.json("parts"), image: try row?.optionalText("image"),
                note: try row?.optionalText("note"),
                checks: try Self.checks(of: planned.node, in: pipeline.repository, on: connection))
            let origin = Self.origin(of: pipeline, tree: try row?.optionalText("tree"))
            let columns = "SELECT \(StoredProof.columns) FROM \(StoredProof.joined)"
            if let proving = job.provedBy {
                facts.proof = try connection.row(
                    columns + " WHERE proof.repository = $1 AND proof.attempt = $2 ORDER BY proof.id LIMIT 1",
                    pipeline.repository, proving
                ).map(StoredProof.init(row:))
            } else {
                facts.proof = try connection.rows(
                    columns + """
                         WHERE proof.repository = $1 AND proof.node = $2 AND coalesce(proof.seed, 0) = $3
                            AND attempt.job <> $4 AND proof.made_at <= $5
                        ORDER BY proof.id DESC LIMIT 50
                        """, pipeline.repository, planned.node, planned.seed?.number ?? 0, id,
                    job.finishedAt ?? Timestamp(milliseconds: .max)
                ).lazy.map(StoredProof.init(row:)).first { $0.origin.proves(origin) }
            }
            return facts
        }
    }

    private static func checks(
        of node: String, in repository: RepositoryID, on connection: any DatabaseConnection
    ) throws -> ProofChecks {
        let row = try connection.row(
            """
            SELECT count(*) AS skipped, coalesce(sum(is_check), 0) AS checked FROM (
                SELECT CASE WHEN job.proved_by IS NULL THEN 1 ELSE 0 END AS is_check
                FROM job JOIN pipeline ON pipeline.id = job.pipeline
                WHERE pipeline.repository = $1 AND job.node = $2
                    AND (job.proved_by IS NOT NULL OR EXISTS (
                        SELECT 1 FROM proof_check JOIN attempt ON attempt.id = proof_check.attempt
                        WHERE attempt.job = job.id))
                ORDER BY job.id DESC LIMIT 50) AS newest
            """, repository, node)
        let found = try connection.row(
            """
            SELECT 'proof_check' AS row_table, id, difference FROM proof_check
            WHERE repository = $1 AND node = $2 AND difference IS NOT NULL ORDER BY id DESC LIMIT 1
            """, repository, node)
        return ProofChecks(
            skipped: try row?.int("skipped") ?? 0, checked: try row?.int("checked") ?? 0,
            difference: try found?.optionalText("difference"))
    }
}
