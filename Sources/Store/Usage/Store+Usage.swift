import PipelineModel

/// What the attempts of a repository that ended in a month used together.
public struct MonthlyUsage: Hashable, Codable, Sendable {
    /// The month, in UTC, in which they ended.
    public var month: Month
    /// How many attempts it is of, those that were lost or given back among them.
    public var attempts: Int
    /// What they used; of memory there is no sum.
    public var usage: AttemptUsage

    /// Counts a month; nothing, unless said otherwise.
    public init(month: Month, attempts: Int = 0, usage: AttemptUsage = .init()) {
        self.month = month
        self.attempts = attempts
        self.usage = usage
    }
}

extension Store {
    /// What repositories used in a month, by repository; those that used nothing are left out.
    public func usage(in month: Month) async throws -> [RepositoryID: MonthlyUsage] {
        try await database.read { connection in
            let rows = try connection.rows(
                "SELECT 'usage_month' AS row_table, * FROM usage_month WHERE month = $1", month.description)
            return Dictionary(
                try rows.map { (try $0.id("repository", RepositoryID.self), try MonthlyUsage(row: $0, month: month)) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// What a repository used in a month.
    public func usage(of repository: RepositoryID, in month: Month) async throws -> MonthlyUsage {
        try await database.read { try Self.usage(of: repository, in: month, on: $0) }
    }

    static func usage(
        of repository: RepositoryID, in month: Month, on connection: any DatabaseConnection
    ) throws -> MonthlyUsage {
        try connection.row(
            "SELECT 'usage_month' AS row_table, * FROM usage_month WHERE repository = $1 AND month = $2",
            repository, month.description
        ).map { try MonthlyUsage(row: $0, month: month) } ?? MonthlyUsage(month: month)
    }

    /// Writes down what an attempt used that ends now, with it and in its repository's month. One that was never
    /// acknowledged has used nothing.
    /// - Parameters:
    ///   - reported: what its runner says; nil where it says nothing, and the server's clock alone counts.
    ///   - tariff: what it costs; nil where nobody says.
    static func account(
        for attempt: StoredAttempt, reported: AttemptUsage?, logSize: Int64? = nil, tariff: Tariff?,
        on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        guard let begun = attempt.acknowledgedAt else { return }
        var usage = reported ?? AttemptUsage(wallMs: .max)
        if let logSize { usage.log = ByteCount(bytes: logSize) }
        usage = usage.bounded(lasted: now - begun, gpus: attempt.gpus.count)
        usage.cost = tariff?.cost(of: usage, gpus: attempt.gpus)
        try connection.execute("UPDATE attempt SET usage = $2 WHERE id = $1", attempt.id, try jsonText(usage))
        try connection.execute(
            """
            INSERT INTO usage_month (
                repository, month, attempts, wall_ms, cpu_ms, gpu_ms, uploaded, downloaded, log, energy_j, cost,
                currency)
            SELECT pipeline.repository, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11
            FROM job JOIN pipeline ON pipeline.id = job.pipeline WHERE job.id = $1
            ON CONFLICT (repository, month) DO UPDATE
            SET attempts = usage_month.attempts + 1, wall_ms = usage_month.wall_ms + excluded.wall_ms,
                cpu_ms = usage_month.cpu_ms + excluded.cpu_ms, gpu_ms = usage_month.gpu_ms + excluded.gpu_ms,
                uploaded = usage_month.uploaded + excluded.uploaded,
                downloaded = usage_month.downloaded + excluded.downloaded, log = usage_month.log + excluded.log,
                energy_j = usage_month.energy_j + excluded.energy_j,
                cost = CASE WHEN excluded.currency IS NULL THEN usage_month.cost
                    WHEN excluded.currency = usage_month.currency THEN usage_month.cost + excluded.cost
                    ELSE excluded.cost END,
                currency = coalesce(excluded.currency, usage_month.currency)
            """, attempt.job, Month(of: now).description, usage.wallMs, usage.cpuMs ?? 0, usage.gpuMs, usage.uploaded,
            usage.downloaded, usage.log, usage.energyJ ?? 0, usage.cost?.millionths ?? 0, usage.cost?.currency)
    }
}

extension MonthlyUsage {
    fileprivate init(row: SQLRow, month: Month) throws {
        func bytes(_ column: String) throws -> ByteCount { ByteCount(bytes: try row.integer(column)) }
        let energy = try row.integer("energy_j")
        let currency = try row.optionalText("currency")
        let cost = try row.integer("cost")
        self.init(
            month: month, attempts: try row.int("attempts"),
            usage: AttemptUsage(
                wallMs: try row.integer("wall_ms"), cpuMs: try row.integer("cpu_ms"), gpuMs: try row.integer("gpu_ms"),
                uploaded: try bytes("uploaded"), downloaded: try bytes("downloaded"), log: try bytes("log"),
                energyJ: energy > 0 ? energy : nil, cost: currency.map { Cost(millionths: cost, currency: $0) }))
    }
}
