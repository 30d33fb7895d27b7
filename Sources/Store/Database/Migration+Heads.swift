extension Migration {
    /// What is needed to find out which events never came: the heads that the server has been told of, and which of the
    /// forge's hooks can be asked.
    static let heads = Migration(number: 2) { _ in
        [
            // Null until the branches that were there before the server have been written down.
            "ALTER TABLE repository ADD COLUMN heads_since BIGINT",
            """
            CREATE TABLE head (
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                ref TEXT NOT NULL,
                commit_sha TEXT NOT NULL,
                seen_at BIGINT NOT NULL,
                PRIMARY KEY (repository, ref)
            )
            """,
            "ALTER TABLE hook ADD COLUMN remote_hook_id BIGINT",
            "ALTER TABLE hook ADD COLUMN asked_at BIGINT",
        ]
    }
}
