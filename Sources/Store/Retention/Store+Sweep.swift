import PipelineModel

/// How long things are kept that are not history: history itself is kept for ever.
public struct Retention: Hashable, Sendable {
    /// How long after an attempt's end its log is kept, and with it the curves that it reported: they are as large.
    public var logs: Duration
    /// How long after it came a delivery's raw body is kept; it can be replayed for that long.
    public var deliveryBodies: Duration

    /// The defaults: logs for 90 days, bodies for 14.
    public init(logs: Duration = .days(90), deliveryBodies: Duration = .days(14)) {
        self.logs = logs
        self.deliveryBodies = deliveryBodies
    }
}

/// What a sweep removed.
public struct SweepReport: Hashable, Sendable {
    /// Artifacts whose time was over.
    public var artifacts = 0
    /// What jobs that have ended had saved for another attempt.
    public var checkpoints = 0
    /// Files that nothing refers to any more.
    public var blobs = 0
    /// Logs.
    public var logs = 0
    /// Raw bodies of deliveries.
    public var deliveryBodies = 0
}

extension Store {
    /// Removes what need not be kept any longer. May be called at any time, and again after a crash in the middle.
    public func sweep(_ retention: Retention, now: Timestamp) async throws -> SweepReport {
        var report = SweepReport()
        report.artifacts = try await expireArtifacts(now: now)
        report.checkpoints = try await removeEndedCheckpoints()
        report.logs = try await removeLogs(endedBefore: now - retention.logs, now: now)
        report.deliveryBodies = try await removeBodies(receivedBefore: now - retention.deliveryBodies)
        report.blobs = try await blobs.removeUnreferenced { hashes in try await self.referenced(among: hashes) }
        try await removeAbandonedUploads()
        return report
    }

    /// How many rows one transaction touches, so that deliveries do not wait behind it.
    private static let batch = 500

    private func expireArtifacts(now: Timestamp) async throws -> Int {
        try await database.write { connection in
            try connection.execute(
                "UPDATE artifact SET removed_at = $1 WHERE removed_at IS NULL AND expires_at <= $1", now)
        }
    }

    private func removeLogs(endedBefore moment: Timestamp, now: Timestamp) async throws -> Int {
        var removed = 0
        while true {
            let old = try await database.read { connection in
                try connection.rows(
                    """
                    SELECT attempt.id, job.pipeline FROM attempt JOIN job ON job.id = attempt.job
                    WHERE attempt.ended_at < $1 AND attempt.log_removed_at IS NULL LIMIT $2
                    """, moment, Self.batch
                ).map { (attempt: try $0.id("id", AttemptID.self), pipeline: try $0.id("pipeline", PipelineID.self)) }
            }
            if old.isEmpty { return removed }
            for log in old { try await logs.remove(attempt: log.attempt, of: log.pipeline) }
            try await database.write { connection in
                for log in old {
                    try connection.execute(
                        "UPDATE attempt SET log_removed_at = $2 WHERE id = $1", log.attempt, now)
                    try connection.execute(
                        "UPDATE attempt_report SET curves = '[]' WHERE attempt = $1", log.attempt)
                }
            }
            removed += old.count
        }
    }

    private func removeBodies(receivedBefore moment: Timestamp) async throws -> Int {
        var removed = 0
        while true {
            let count = try await database.write { connection in
                try connection.execute(
                    """
                    UPDATE delivery SET body = NULL
                    WHERE id IN (
                        SELECT id FROM delivery
                        WHERE received_at < $1 AND body IS NOT NULL AND state <> 'stored' LIMIT $2)
                    """, moment, Self.batch)
            }
            if count == 0 { return removed }
            removed += count
        }
    }

    /// Which of some hashes an artifact or a checkpoint refers to.
    func referenced(among hashes: [String]) async throws -> Set<String> {
        try await database.read { connection in
            var found: Set<String> = []
            for hash in hashes {
                let row = try connection.row(
                    """
                    SELECT 1 FROM artifact WHERE sha256 = $1 AND removed_at IS NULL
                    UNION ALL SELECT 1 FROM checkpoint WHERE sha256 = $1 LIMIT 1
                    """, hash)
                if row != nil { found.insert(hash) }
            }
            return found
        }
    }
}
