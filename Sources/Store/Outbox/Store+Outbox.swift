import PipelineModel

extension Store {
    /// Messages to send now, in the order of their causes; to one forge where it is named.
    ///
    /// An end is held back while the same commit is still owed a pending status from before it, so that a forge never
    /// sees a commit green that it does not yet know to be tested. One task sends to a forge, and one message of a commit
    /// after the other; it calls one of the functions that begin with `mark` for each, and after one that keeps a message
    /// owed leaves the rest of that commit for the next call.
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
    /// - Parameter group: the forge's number for where it keeps the statuses of that commit and ref.
    public func markSent(_ id: MessageID, in group: Int64? = nil, now: Timestamp) async throws {
        settings.faults.reach(.outboxSent)
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox
                SET state = 'sent', tries = tries + 1, finished_at = $2, last_error = NULL, refused_since = NULL,
                    status_group = $3
                WHERE id = $1 AND state IN ('owed', 'superseded')
                """, id, now, group)
        }
        outboxReady.give()
    }

    /// Says that a message could not be sent, when to try again, and what waits with it.
    public func markRetry(
        _ id: MessageID, error: String, nextTryAt: Timestamp, holding scope: RetryScope = .message
    ) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox SET tries = tries + 1, last_error = $2, next_try_at = $3
                WHERE id = $1 AND state = 'owed'
                """, id, error, nextTryAt)
            guard scope == .commit else { return }
            try connection.execute(
                """
                UPDATE outbox SET next_try_at = $2
                WHERE state = 'owed' AND next_try_at < $2
                    AND (repository, commit_sha) = (SELECT repository, commit_sha FROM outbox WHERE id = $1)
                """, id, nextTryAt)
        }
    }

    /// Says that the forge finds a message itself wrong, and when to try it again all the same.
    public func markRefused(_ id: MessageID, error: String, nextTryAt: Timestamp, now: Timestamp) async throws {
        try await database.write { connection in
            try connection.execute(
                """
                UPDATE outbox
                SET tries = tries + 1, last_error = $2, next_try_at = $3, refused_since = coalesce(refused_since, $4)
                WHERE id = $1 AND state = 'owed'
                """, id, error, nextTryAt, now)
        }
    }

    /// Says that a message is not tried any more, and why.
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

    /// Owes again what was given up, and has what waits tried now; of one pipeline where it is named. What a newer message
    /// for the same context has made needless stays given up.
    /// - Returns: what is owed then, oldest first.
    public func retryMessages(
        of pipeline: PipelineID? = nil, by person: String, now: Timestamp
    ) async throws -> [OwedMessage] {
        let owed = try await database.write { connection in
            try AuditEntry(
                at: now, by: person, action: "outbox.retry", subject: pipeline.map { "#\($0)" } ?? "every pipeline"
            ).insert(on: connection)
            try connection.execute(
                """
                UPDATE outbox SET state = 'owed', tries = 0, next_try_at = $2, refused_since = NULL, finished_at = NULL
                WHERE ($1 = 0 OR pipeline = $1) AND (state = 'owed' OR state = 'failed' AND \(OwedMessage.isNewest))
                """, pipeline?.rawValue ?? 0, now)
            return try connection.rows(
                """
                SELECT \(OwedMessage.columns) FROM outbox JOIN repository ON repository.id = outbox.repository
                WHERE outbox.state = 'owed' AND ($1 = 0 OR outbox.pipeline = $1) ORDER BY outbox.id
                """, pipeline?.rawValue ?? 0
            ).map(OwedMessage.init(row:))
        }
        outboxReady.give()
        return owed
    }

    /// How much forges are owed, and how much they were not told.
    public func outboxBacklog() async throws -> OutboxBacklog {
        try await database.read { connection in
            func pile(_ condition: String) throws -> OutboxBacklog.Pile {
                let row = try connection.row(
                    """
                    SELECT count(*) AS count, min(created_at) AS since,
                        (SELECT last_error FROM outbox WHERE \(condition) AND last_error IS NOT NULL
                            ORDER BY id DESC LIMIT 1) AS last_error
                    FROM outbox WHERE \(condition)
                    """)
                return OutboxBacklog.Pile(
                    count: try row?.int("count") ?? 0, since: try row?.optionalTime("since"),
                    lastError: try row?.optionalText("last_error"))
            }
            return OutboxBacklog(
                owed: try pile("state = 'owed'"), failed: try pile("state = 'failed' AND \(OwedMessage.isNewest)"))
        }
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
