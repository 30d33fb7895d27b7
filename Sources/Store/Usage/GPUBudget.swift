import PipelineModel

/// How much GPU time a repository has had this month, of what it may have.
public struct GPUBudget: Hashable, Codable, Sendable {
    /// The month, in UTC.
    public var month: Month
    /// GPU-hours of attempts that ended in the month, and of those under way so far.
    public var spent: Double
    /// GPU-hours that it may have in a month; nil where nothing limits it.
    public var budget: Double?
    /// GPU-hours that somebody allows it beyond that, this month only.
    public var override: Double

    /// Whether no GPU job of it may begin.
    public var isSpent: Bool { budget.map { spent >= $0 + override } ?? false }

    /// Reckons a budget.
    public init(month: Month, spent: Double, budget: Double?, override: Double = 0) {
        self.month = month
        self.spent = spent
        self.budget = budget
        self.override = override
    }
}

extension Store {
    /// How a repository stands with its GPU time in the month of a moment.
    public func gpuBudget(of repository: RepositoryID, now: Timestamp) async throws -> GPUBudget {
        try await database.read { connection in
            let stored = try StoredRepository.find(repository, on: connection)
            return try GPUBudget(of: repository, settings: stored.settings, on: connection, now: now)
        }
    }
}

extension GPUBudget {
    init(
        of repository: RepositoryID, settings: RepositorySettings, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        let month = Month(of: now)
        let ended = try Store.usage(of: repository, in: month, on: connection).usage.gpuMs
        let held = try connection.rows(
            """
            SELECT 'attempt' AS row_table, attempt.id, attempt.acknowledged_at, attempt.gpus
            FROM attempt JOIN job ON job.id = attempt.job JOIN pipeline ON pipeline.id = job.pipeline
            WHERE attempt.state = 'running' AND pipeline.repository = $1 AND attempt.gpus <> '[]'
            """, repository
        ).map { row in
            let begun = try row.optionalTime("acknowledged_at") ?? now
            return max((now - begun).wholeMilliseconds, 0) * Int64(try row.json("gpus", [GrantedGPU].self).count)
        }
        self.init(
            month: month, spent: Double(held.reduce(ended, +)) / 3_600_000, budget: settings.gpuHourBudget,
            override: settings.gpuHourOverride.flatMap { $0.month == month ? $0.hours : nil } ?? 0)
    }

    /// The repositories whose GPU time is spent.
    static func spent(on connection: any DatabaseConnection, now: Timestamp) throws -> Set<RepositoryID> {
        let limited = try connection.rows(
            """
            SELECT 'repository' AS row_table, id, settings FROM repository WHERE settings LIKE '%"gpuHourBudget"%'
            """)
        var spent: Set<RepositoryID> = []
        for row in limited {
            let id: RepositoryID = try row.id("id")
            let settings: RepositorySettings = try row.json("settings")
            if try GPUBudget(of: id, settings: settings, on: connection, now: now).isSpent { spent.insert(id) }
        }
        return spent
    }
}
