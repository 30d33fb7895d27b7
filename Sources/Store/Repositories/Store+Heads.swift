import PipelineModel

/// Where a repository's branches and tags stand, as far as the server was told.
public struct KnownHeads: Hashable, Sendable {
    /// Since when heads are written down; nil where those that were there before the server are not known yet.
    public var since: Timestamp?
    /// The commits, by full ref.
    public var commits: [String: String]
    /// When each of them was told.
    public var toldAt: [String: Timestamp]
}

/// What came of a move that no delivery told of.
public enum Recovery: Hashable, Sendable {
    /// It was stored as a delivery.
    case stored(DeliveryID)
    /// It has a pipeline, so that there was nothing to do but to write it down.
    case known
    /// The ref has moved meanwhile, as a delivery told.
    case overtaken
}

extension Store {
    /// Where a repository's refs stand, as far as deliveries, or the first look at it, have told.
    public func heads(of repository: RepositoryID) async throws -> KnownHeads {
        try await database.read { connection in
            let since = try connection.row("SELECT heads_since FROM repository WHERE id = $1", repository)?
                .optionalTime("heads_since")
            let rows = try connection.rows(
                "SELECT ref, commit_sha, seen_at FROM head WHERE repository = $1", repository)
            var heads = KnownHeads(since: since, commits: [:], toldAt: [:])
            for row in rows {
                let ref = try row.text("ref")
                heads.commits[ref] = try row.text("commit_sha")
                heads.toldAt[ref] = try row.time("seen_at")
            }
            return heads
        }
    }

    /// Writes down where the refs stood that were there before the server. Nothing runs for them. What a delivery has
    /// told since is newer, and stays.
    public func noteFirstHeads(_ heads: [String: String], of repository: RepositoryID, now: Timestamp) async throws {
        try await database.write { connection in
            for (ref, commit) in heads {
                try connection.execute(
                    """
                    INSERT INTO head (repository, ref, commit_sha, seen_at) VALUES ($1, $2, $3, $4)
                    ON CONFLICT DO NOTHING
                    """, repository, ref, commit, now)
            }
            try connection.execute("UPDATE repository SET heads_since = $2 WHERE id = $1", repository, now)
        }
    }

    /// Stores a move that no delivery told of, and writes it down, in one transaction.
    ///
    /// The move begins where the ref was known to stand before the forge was asked. Where it stands elsewhere by now,
    /// its delivery has come meanwhile, and nothing is done. Nor is it where a pipeline of the commit is there: then the
    /// deliveries came in another order than the moves.
    public func recover(
        _ move: HeadMove, in repository: StoredRepository, as delivery: NewDelivery, now: Timestamp
    ) async throws -> Recovery {
        let recovery = try await database.write { connection in
            try Self.recover(move, in: repository.id, as: delivery, on: connection, now: now)
        }
        if case .stored = recovery { deliveryArrived.give() }
        return recovery
    }

    private static func recover(
        _ move: HeadMove, in repository: RepositoryID, as delivery: NewDelivery, on connection: any DatabaseConnection,
        now: Timestamp
    ) throws -> Recovery {
        var delivery = delivery
        delivery.ref = move.ref
        let head = try connection.row(
            "SELECT commit_sha, seen_at FROM head WHERE repository = $1 AND ref = $2", repository, move.ref)
        guard try head?.text("commit_sha") == move.before else { return .overtaken }
        guard let after = move.after else {
            try connection.execute("DELETE FROM head WHERE repository = $1 AND ref = $2", repository, move.ref)
            return .stored(
                try DeliveryWriter.insert(delivery, origin: .recovered, receivedAt: now, on: connection))
        }
        try connection.execute(
            """
            INSERT INTO head (repository, ref, commit_sha, seen_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (repository, ref) DO UPDATE SET commit_sha = excluded.commit_sha, seen_at = excluded.seen_at
            """, repository, move.ref, after, now)
        let since = try head?.time("seen_at") ?? now
        let pipeline = try connection.row(
            """
            SELECT id FROM pipeline
            WHERE commit_sha = $1 AND repository = $2 AND ref = $3 AND source IN ('push', 'tag')
                AND state <> 'cancelled' AND created_at >= $4 LIMIT 1
            """, after, repository, move.ref, since - EventIdentity.window)
        if pipeline != nil { return .known }
        return .stored(try DeliveryWriter.insert(delivery, origin: .recovered, receivedAt: now, on: connection))
    }
}
