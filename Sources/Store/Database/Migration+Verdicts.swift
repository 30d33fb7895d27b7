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
            "CREATE INDEX verdict_by_pipeline ON verdict (pipeline, id)",
            "CREATE INDEX verdict_by_life ON verdict (repository, life, node, id)",
        ]
    }
}
