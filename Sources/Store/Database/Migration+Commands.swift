extension Migration {
    /// What people asked for in comments on pull requests, and what came of it.
    static let commands = Migration(number: 10) { dialect in
        [
            """
            CREATE TABLE comment_command (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                pull_request BIGINT NOT NULL,
                pipeline BIGINT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
                person TEXT NOT NULL,
                command TEXT NOT NULL,
                answer TEXT NOT NULL,
                is_done BIGINT NOT NULL,
                asked_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX comment_command_by_pipeline ON comment_command (pipeline, id)",
        ]
    }
}
