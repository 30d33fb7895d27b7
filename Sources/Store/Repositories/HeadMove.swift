import PipelineModel

/// A branch or tag that went from one commit to another.
public struct HeadMove: Hashable, Sendable {
    /// The full ref.
    public var ref: String
    /// The commit it stood at; nil where it was not there.
    public var before: String?
    /// The commit it stands at; nil where it is gone. Of an annotated tag, what it points to.
    public var after: String?

    /// Describes a move.
    public init(ref: String, before: String?, after: String?) {
        self.ref = ref
        self.before = before
        self.after = after
    }

    /// Writes down that the server was told of the move.
    ///
    /// A move that does not begin where the ref was known to stand is not written down: either one before it never came,
    /// or it comes late and the ref has gone on. The comparison with the forge tells which.
    func note(
        forge: String, remoteID: Int64, on connection: any DatabaseConnection, now: Timestamp
    ) throws {
        guard let after else {
            try connection.execute(
                """
                DELETE FROM head
                WHERE ref = $3 AND commit_sha = $4
                    AND repository = (SELECT id FROM repository WHERE forge = $1 AND remote_id = $2)
                """, forge, remoteID, ref, before ?? "")
            return
        }
        try connection.execute(
            """
            INSERT INTO head (repository, ref, commit_sha, seen_at)
            SELECT id, $3, $4, $5 FROM repository WHERE forge = $1 AND remote_id = $2
            ON CONFLICT (repository, ref) DO UPDATE
            SET commit_sha = excluded.commit_sha, seen_at = excluded.seen_at WHERE head.commit_sha = $6
            """, forge, remoteID, ref, after, now, before ?? "")
    }
}
