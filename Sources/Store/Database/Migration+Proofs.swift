extension Migration {
    /// What jobs with declared inputs may read, and which attempts prove that such a job need not run.
    static let proofs = Migration(number: 13) { dialect in
        [
            // The attempt that stands for a job that was not run.
            "ALTER TABLE job ADD COLUMN proved_by BIGINT REFERENCES attempt (id)",
            // Whether a person wants it run whatever is proved.
            "ALTER TABLE job ADD COLUMN is_fresh BIGINT NOT NULL DEFAULT 0",
            "CREATE INDEX job_proving ON job (id) WHERE state = 'proving'",
            "CREATE INDEX job_proved ON job (proved_by) WHERE proved_by IS NOT NULL",
            // What a job would read, but for the image, which is known for sure only when it has run. `checks` is the proof
            // that its attempt is compared with.
            """
            CREATE TABLE job_key (
                job BIGINT PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
                parts TEXT NOT NULL,
                image TEXT,
                pinned_image TEXT,
                tree TEXT,
                note TEXT,
                checks BIGINT,
                made_at BIGINT NOT NULL
            )
            """,
            // An attempt may stand in several rows: what a branch has proved is proved for the protected one that took it in.
            """
            CREATE TABLE proof (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                key TEXT NOT NULL,
                attempt BIGINT NOT NULL REFERENCES attempt (id),
                node TEXT NOT NULL,
                seed BIGINT,
                trust TEXT NOT NULL,
                pull_request BIGINT,
                tree TEXT,
                is_on_protected_runner BIGINT NOT NULL,
                image TEXT NOT NULL,
                parts TEXT NOT NULL,
                made_at BIGINT NOT NULL,
                UNIQUE (repository, key, attempt, trust)
            )
            """,
            "CREATE INDEX proof_by_node ON proof (repository, node, id)",
            // A proof that was tried again: what came out otherwise, or NULL where nothing did.
            """
            CREATE TABLE proof_check (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                key TEXT NOT NULL,
                node TEXT NOT NULL,
                attempt BIGINT NOT NULL REFERENCES attempt (id),
                proof BIGINT NOT NULL REFERENCES proof (id),
                difference TEXT,
                made_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX proof_check_by_key ON proof_check (repository, key) WHERE difference IS NOT NULL",
            "CREATE INDEX proof_check_by_node ON proof_check (repository, node, id)",
        ]
    }
}
