extension Migration {
    /// What jobs saved for their next attempts, what attempts used, and what repositories used month by month.
    static let usage = Migration(number: 6) { _ in
        [
            // The newest whole one of each job. Its bytes are among the blobs before the row is written.
            """
            CREATE TABLE checkpoint (
                job BIGINT PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
                attempt BIGINT NOT NULL REFERENCES attempt (id),
                sha256 TEXT NOT NULL,
                size BIGINT NOT NULL,
                file_count BIGINT NOT NULL,
                saved_at BIGINT NOT NULL
            )
            """,
            "CREATE INDEX checkpoint_by_hash ON checkpoint (sha256)",
            // The number of the attempt whose checkpoint it went on from.
            "ALTER TABLE attempt ADD COLUMN resumed_from BIGINT",
            "ALTER TABLE attempt ADD COLUMN usage TEXT",
            // How many attempts failed on Pawl's side in this round; `spent` counts the others from now on.
            "ALTER TABLE job ADD COLUMN spent_ours BIGINT NOT NULL DEFAULT 0",
            """
            CREATE TABLE usage_month (
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                month TEXT NOT NULL,
                attempts BIGINT NOT NULL,
                wall_ms BIGINT NOT NULL,
                cpu_ms BIGINT NOT NULL,
                gpu_ms BIGINT NOT NULL,
                uploaded BIGINT NOT NULL,
                downloaded BIGINT NOT NULL,
                log BIGINT NOT NULL,
                PRIMARY KEY (repository, month)
            )
            """,
        ]
    }
}
