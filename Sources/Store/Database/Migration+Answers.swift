extension Migration {
    /// What is kept of forges' answers and signatures: which secret of a hook has been seen, since when a message is
    /// refused, and where a forge keeps the statuses of a commit.
    static let answers = Migration(number: 4) { _ in
        [
            // Hooks from before count as not proved: their next delivery shows.
            "ALTER TABLE hook ADD COLUMN is_proved BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE outbox ADD COLUMN refused_since BIGINT",
            "ALTER TABLE outbox ADD COLUMN status_group BIGINT",
            """
            CREATE INDEX outbox_with_group ON outbox (repository, commit_sha, ref, id)
            WHERE status_group IS NOT NULL
            """,
        ]
    }
}
