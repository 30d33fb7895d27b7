import PipelineModel

extension Store {
    /// Collects what is stored about an attempt.
    static func describe(
        _ attempt: StoredAttempt, on connection: any DatabaseConnection
    ) throws -> AcknowledgedAttempt {
        let change = try PipelineChange(try pipeline(of: attempt.job, on: connection), on: connection)
        let index = try change.index(of: attempt.job)
        var described = try describe(index, of: change, as: attempt.key, number: attempt.number, on: connection)
        described.checkpoint = try checkpoint(for: attempt, on: connection)
        described.gpus = attempt.gpus
        return described
    }

    /// Collects what a job is handed out with, but for what an earlier attempt saved, and GPUs.
    static func describe(
        _ index: Int, of change: PipelineChange, as key: LeaseKey, number: Int, on connection: any DatabaseConnection
    ) throws -> AcknowledgedAttempt {
        let inputs = try inputs(of: index, in: change, on: connection)
        let row = try connection.row(
            "SELECT 'pipeline' AS row_table, id, variables FROM pipeline WHERE id = $1", change.pipeline.id)
        return AcknowledgedAttempt(
            key: key, attemptNumber: number, pipeline: change.pipeline,
            pipelineNumber: try self.number(of: change.pipeline, on: connection), pipelineName: change.plan.name,
            repository: try StoredRepository.find(change.pipeline.repository, on: connection),
            job: change.plan.jobs[index], environment: change.jobs[index].environment,
            variables: try row?.json("variables") ?? [],
            dotenv: try dotenv(for: index, in: change, on: connection), artifacts: inputs.kept, expired: inputs.expired,
            checkpoint: nil, gpus: [])
    }

    /// A pipeline's number within its repository: pipelines are never removed.
    private static func number(of pipeline: StoredPipeline, on connection: any DatabaseConnection) throws -> Int {
        try connection.row(
            "SELECT count(*) AS number FROM pipeline WHERE repository = $1 AND id <= $2",
            pipeline.repository, pipeline.id
        )?.int("number") ?? 1
    }

    /// The artifacts that a job gets: of the jobs it depends on, what their newest passed attempts left,
    /// or those that proved them.
    static func inputs(
        of index: Int, in change: PipelineChange, on connection: any DatabaseConnection
    ) throws -> (kept: [ArtifactInput], expired: [String]) {
        var kept: [ArtifactInput] = []
        var expired: [String] = []
        for job in artifactSources(of: index, in: change) {
            let rows = try connection.rows(
                """
                SELECT \(ArtifactReference.columns) FROM artifact
                WHERE attempt = coalesce($2, (\(newestEnd))) ORDER BY id
                """, job.id, job.provedBy)
            for row in rows {
                if try row.optionalTime("removed_at") != nil {
                    if expired.last != job.name { expired.append(job.name) }
                } else {
                    kept.append(ArtifactInput(job: job.name, artifact: try ArtifactReference(row: row)))
                }
            }
        }
        return (kept, expired)
    }

    /// The variables that those jobs hand on. What a person gave for the pipeline wins over them.
    private static func dotenv(
        for index: Int, in change: PipelineChange, on connection: any DatabaseConnection
    ) throws -> [Variable] {
        var variables: [Variable] = []
        for job in artifactSources(of: index, in: change) {
            let row = try connection.row(
                "SELECT 'attempt' AS row_table, id, dotenv FROM attempt WHERE id = coalesce($2, (\(newestEnd)))",
                job.id, job.provedBy)
            variables += try row?.optionalJSON("dotenv") ?? []
        }
        let given = Set(change.plan.given ?? [])
        return variables.filter { !given.contains($0.name) }
    }

    /// The newest attempt at the job `$1` whose script came to an end.
    private static let newestEnd = "SELECT max(id) FROM attempt WHERE job = $1 AND state IN ('passed', 'failed')"

    /// The jobs whose artifacts a job fetches: those it names, else those it needs, else all that come before it.
    private static func artifactSources(of index: Int, in change: PipelineChange) -> [JobRow] {
        let job = change.plan.jobs[index]
        let before: [String]
        if let needs = job.needs {
            before = needs.filter(\.artifacts).map(\.job)
        } else {
            before = change.progress.prerequisites(of: job)
        }
        let names = job.dependencies.map { Set(before).intersection($0) } ?? Set(before)
        return change.jobs.filter { names.contains($0.name) }
    }
}

extension ArtifactReference {
    static let columns = "'artifact' AS row_table, id, sha256, size, file_count, paths, expires_at, removed_at"

    init(row: SQLRow) throws {
        self.init(
            sha256: try row.text("sha256"), size: ByteCount(bytes: try row.integer("size")),
            fileCount: try row.int("file_count"), paths: try row.json("paths"),
            expiresAt: try row.optionalTime("expires_at"))
    }
}
