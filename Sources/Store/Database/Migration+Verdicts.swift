extension Migration {
    /// What gates answered. A job's node and seed stand beside its name, for results are looked up by them.
    static let verdicts = Migration(number: 9) { dialect in
        [
            "ALTER TABLE job ADD COLUMN node TEXT",
            "ALTER TABLE job ADD COLUMN seed BIGINT",
            "UPDATE job SET node = name",
            "CREATE INDEX job_judging ON job (pipeline) WHERE state = 'judging'",
            // Whether any plan of it has ever had a gate, so that what merges waits for one.
            "ALTER TABLE repository ADD COLUMN uses_gates BIGINT NOT NULL DEFAULT 0",
            // A life is a pull request, or a branch that has none: over one, the chance to be wrong is spent.
            """
            CREATE TABLE verdict (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                pipeline BIGINT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
                node TEXT NOT NULL,
                life TEXT NOT NULL,
                answer TEXT NOT NULL,
                is_blocking BIGINT NOT NULL,
                words TEXT NOT NULL,
                verdict TEXT NOT NULL,
                counted TEXT NOT NULL,
                judged_at BIGINT NOT NULL
            )
            """,
            // The one comment on each pull request. Its mark finds it again where its number was not written down.
            """
            CREATE TABLE pull_request_report (
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                pull_request BIGINT NOT NULL,
                pipeline BIGINT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
                mark TEXT NOT NULL,
                comment BIGINT,
                revision BIGINT NOT NULL,
                sent BIGINT NOT NULL DEFAULT 0,
                tries BIGINT NOT NULL DEFAULT 0,
                next_try_at BIGINT NOT NULL,
                last_error TEXT,
                PRIMARY KEY (repository, pull_request)
            )
            """,
            "CREATE INDEX pull_request_report_owed ON pull_request_report (next_try_at) WHERE sent < revision",
            // Who let a change pass all the same, and why; of the verdicts up to one.
            """
            CREATE TABLE gate_override (
                id \(dialect.rowNumber),
                pipeline BIGINT NOT NULL REFERENCES pipeline (id) ON DELETE CASCADE,
                verdict BIGINT NOT NULL,
                person TEXT NOT NULL,
                reason TEXT NOT NULL,
                made_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX gate_override_by_pipeline ON gate_override (pipeline, id)",
            "CREATE INDEX verdict_by_pipeline ON verdict (pipeline, id)",
            "CREATE INDEX verdict_by_life ON verdict (repository, life, node, id)",
        ]
    }
}
