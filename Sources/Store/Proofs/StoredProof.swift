import PipelineModel

/// An attempt that shows that a job with the same key need not run.
public struct StoredProof: Hashable, Sendable {
    let id: Int64
    /// The SHA-256 of the key with its image, 64 hexadecimal digits.
    public var key: String
    /// What counted.
    public var parts: ProofKey
    /// The image that the attempt ran in.
    public var image: String
    /// The attempt, and whose it is.
    public var attempt: ProvingAttempt
    /// Where it comes from.
    public var origin: ProofOrigin
    /// When it was proved.
    public var madeAt: Timestamp
}

/// An attempt that stands for a job that was not run.
public struct ProvingAttempt: Hashable, Codable, Sendable {
    /// The attempt.
    public var id: AttemptID
    /// Its pipeline.
    public var pipeline: PipelineID
    /// Its job's name.
    public var job: String
    /// Which attempt at that job it is, from 1.
    public var number: Int
    /// When it ended, by the server's clock.
    public var endedAt: Timestamp?

    static let columns = """
        attempt.id AS proving_attempt, attempt.number AS proving_number, attempt.ended_at AS proving_end,
        proving_job.pipeline AS proving_pipeline, proving_job.name AS proving_name
        """

    init(row: SQLRow) throws {
        id = try row.id("proving_attempt")
        pipeline = try row.id("proving_pipeline")
        job = try row.text("proving_name")
        number = try row.int("proving_number")
        endedAt = try row.optionalTime("proving_end")
    }

    /// The attempt that proved a job; nil for a job that none did.
    static func of(_ job: JobID, on connection: any DatabaseConnection) throws -> ProvingAttempt? {
        try connection.row(
            """
            SELECT 'job' AS row_table, job.id, \(columns)
            FROM job JOIN attempt ON attempt.id = job.proved_by JOIN job AS proving_job ON proving_job.id = attempt.job
            WHERE job.id = $1
            """, job
        ).map(ProvingAttempt.init(row:))
    }
}

extension StoredProof {
    static let columns = """
        'proof' AS row_table, proof.id, proof.key, proof.parts, proof.image, proof.trust, proof.pull_request, proof.tree,
        proof.is_on_protected_runner, proof.made_at, \(ProvingAttempt.columns)
        """

    static let joined = """
        proof JOIN attempt ON attempt.id = proof.attempt JOIN job AS proving_job ON proving_job.id = attempt.job
        """

    init(row: SQLRow) throws {
        id = try row.integer("id")
        key = try row.text("key")
        parts = try row.json("parts")
        image = try row.text("image")
        attempt = try ProvingAttempt(row: row)
        origin = ProofOrigin(
            trust: try row.word("trust"), pullRequest: try row.optionalInteger("pull_request"),
            tree: try row.optionalText("tree"), isOnProtectedRunner: try row.bool("is_on_protected_runner"))
        madeAt = try row.time("made_at")
    }
}
