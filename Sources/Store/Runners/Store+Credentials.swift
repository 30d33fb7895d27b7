import PipelineModel

/// Whom a credential belongs to, and which of theirs it is.
public struct CredentialHolder: Hashable, Sendable {
    /// The runner.
    public var runner: StoredRunner
    /// Whether it is the newest; else it is the one before, which is good until the newest was shown.
    public var isNewest: Bool
    /// Whether there is one before the newest that is still good.
    public var hasPrevious: Bool
}

extension Store {
    /// Whose a credential is; nil where it is nobody's. Of a runner that was removed the holder says so.
    public func holder(ofCredential hash: [UInt8]) async throws -> CredentialHolder? {
        try await database.read { connection in
            let row = try connection.row(
                """
                SELECT 'runner' AS row_table, id, credential_hash = $1 AS is_newest,
                    previous_credential_hash IS NOT NULL AS has_previous
                FROM runner WHERE credential_hash = $1 OR previous_credential_hash = $1
                """, hash)
            return try row.map {
                CredentialHolder(
                    runner: try StoredRunner.find(try $0.id("id"), on: connection), isNewest: try $0.bool("is_newest"),
                    hasPrevious: try $0.bool("has_previous"))
            }
        }
    }

    /// Why a runner is to ask for work no more, in words; nil while it may.
    public func farewell(to runner: RunnerID) async throws -> String? {
        try await database.read { connection in
            let runner = try StoredRunner.find(runner, on: connection)
            switch runner.standing {
            case .removed: return "\(runner.name) was removed from the pool"
            case .draining: return "\(runner.name) is drained"
            case .active, .paused:
                let isDone = try runner.hasHadItsJob(on: connection)
                return isDone ? "\(runner.name) has had the one job that it joined for" : nil
            }
        }
    }
}

extension StoredRunner {
    /// Whether it joined for one job, and has it or had it. An attempt that came to nothing does not count.
    func hasHadItsJob(on connection: any DatabaseConnection) throws -> Bool {
        guard isEphemeral else { return false }
        return try connection.row(
            """
            SELECT id FROM attempt WHERE runner_id = $1 AND acknowledged_at >= $2 AND state <> 'given_back' LIMIT 1
            """, id, joinedAt) != nil
    }
}
