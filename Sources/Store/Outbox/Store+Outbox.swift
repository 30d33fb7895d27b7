import PipelineModel

extension Store {
    /// Messages to send now, in the order of their causes; to one forge where it is named.
    ///
    /// An end is held back while the same commit is still owed a pending status from before it, so that a forge never
    /// sees a commit green that it does not yet know to be tested. One task sends to a forge, and one message of a commit after
    /// the other; it calls `markSent`, `markRetry` or `markGivenUp` for each, and after a `markRetry` leaves the rest of
    /// that commit for the next call.
    public func dueMessages(
        to forge: String? = nil, limit: Int = 100, now: Timestamp
    ) async throws -> [OwedMessage] {
        try await database.read { connection in
            try connection.rows(
                """
                SELECT \(OwedMessage.columns) FROM outbox JOIN repository ON repository.id = outbox.repository
                WHERE outbox.state = 'owed' AND outbox.next_try_at <= $1 AND ($3 = '' OR repository.forge = $3)
                    AND (outbox.is_pending = 1 OR NOT EXISTS (
                        SELECT 1 FROM outbox AS earlier
                        WHERE earlier.repository = outbox.repository AND earlier.commit_sha = outbox.commit_sha
                            AND earlier.state = 'owed' AND earlier.is_pending = 1 AND earlier.id < outbox.id
                            AND earlier.next_try_at > $1))
                ORDER BY outbox.id LIMIT $2
                """, now, limit, forge ?? ""
            ).map(OwedMessage.init(row:))
        }
    }

    /// When the next message is due, those left aside that are held back by another; nil when none is owed.
    /// Of one forge where it is named.
    public func nextMessageAt(to forge: String? = nil) async throws -> Timestamp? {
        try await database.read { connection in
            try connection.row(
                """
                SELECT min(outbox.next_try_at) AS at FROM outbox JOIN repository ON repository.id = outbox.repository
                WHERE outbox.state = 'owed' AND ($1 = '' OR repository.forge = $1)
                    AND (outbox.is_pending = 1 OR NOT EXISTS (
                        SELECT 1 FROM outbox AS earlier
                        WHERE earlier.repository = outbox.repository AND earlier.commit_sha = outbox.commit_sha
                            AND earlier.state = 'owed' AND earlier.is_pending = 1 AND earlier.id < outbox.id
                            AND earlier.next_try_at > outbox.next_try_at))
                """, forge ?? "")?.optionalTime("at")
        }
    }

    /// Says that the forge has a message, also where a newer one has made it needless meanwhile.
    public func markSent(_ id: MessageID, now: Timestamp) async throws {
        settings.faults.reach(.outboxSent)
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox SET state = 'sent', tries = tries + 1, finished_at = $2, last_error = NULL
                WHERE id = $1 AND state IN ('owed', 'superseded')
                """, id, now)
        }
        outboxReady.give()
    }

    /// Says that a message could not be sent, and when to try again.
    public func markRetry(_ id: MessageID, error: String, nextTryAt: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox SET tries = tries + 1, last_error = $2, next_try_at = $3
                WHERE id = $1 AND state = 'owed'
                """, id, error, nextTryAt)
        }
    }

    /// Says that the forge will never take a message, and why.
    public func markGivenUp(_ id: MessageID, error: String, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox SET state = 'failed', tries = tries + 1, last_error = $2, finished_at = $3
                WHERE id = $1 AND state = 'owed'
                """, id, error, now)
        }
        outboxReady.give()
    }

    /// What forges were and are owed, oldest first; of one pipeline where it is named, else the newest of all.
    public func outbox(of pipeline: PipelineID? = nil, limit: Int = 200) async throws -> [OwedMessage] {
        try await database.read { connection in
            if let pipeline {
                return try connection.rows(
                    """
                    SELECT \(OwedMessage.columns) FROM outbox JOIN repository ON repository.id = outbox.repository
                    WHERE outbox.pipeline = $1 ORDER BY outbox.id LIMIT $2
                    """, pipeline, limit
                ).map(OwedMessage.init(row:))
            }
            return try connection.rows(
                """
                SELECT \(OwedMessage.columns) FROM outbox JOIN repository ON repository.id = outbox.repository
                ORDER BY outbox.id DESC LIMIT $1
                """, limit
            ).map(OwedMessage.init(row:)).reversed()
        }
    }
}
