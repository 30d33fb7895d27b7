extension Migration {
    /// What a pool of runners needs: the runners and how they joined, their GPUs, who has what; and the queue in lanes,
    /// one for each kind of job that the same runners may take.
    static let runners = Migration(number: 5) { dialect in lanes + runners(dialect) + attempts + turns }

    /// Sets of tags become lanes. `key` says in one text what makes a lane: repository, trust and needs.
    private static let lanes = [
        "ALTER TABLE tag_set RENAME TO lane",
        "ALTER TABLE lane RENAME COLUMN tags TO key",
        "ALTER TABLE job RENAME COLUMN tag_set TO lane",
        "ALTER TABLE lane ADD COLUMN repository BIGINT REFERENCES repository (id) ON DELETE CASCADE",
        "ALTER TABLE lane ADD COLUMN is_protected BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE lane ADD COLUMN is_fork BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE lane ADD COLUMN needs TEXT NOT NULL DEFAULT '{\"tags\":[]}'",
        """
        INSERT INTO lane (key, repository, is_protected, is_fork, needs)
        SELECT DISTINCT
            pipeline.repository || ' ' || pipeline.is_protected || ' ' || pipeline.is_fork || ' {"tags":' || lane.key || '}',
            pipeline.repository, pipeline.is_protected, pipeline.is_fork, '{"tags":' || lane.key || '}'
        FROM job JOIN pipeline ON pipeline.id = job.pipeline JOIN lane ON lane.id = job.lane
        """,
        """
        UPDATE job SET lane = (
            SELECT new.id FROM pipeline, lane AS old, lane AS new
            WHERE pipeline.id = job.pipeline AND old.id = job.lane AND new.repository = pipeline.repository
                AND new.is_protected = pipeline.is_protected AND new.is_fork = pipeline.is_fork
                AND new.needs = '{"tags":' || old.key || '}')
        """,
        "DROP TABLE tag_set_tag",
        "DELETE FROM lane WHERE repository IS NULL",
        // 0 is for people who wait, then high, normal and low.
        "UPDATE job SET priority = 2 WHERE priority = 1",
    ]

    private static func runners(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE runner (
                id \(dialect.rowNumber),
                name TEXT NOT NULL,
                credential_hash \(dialect.bytes),
                previous_credential_hash \(dialect.bytes),
                credential_at BIGINT,
                tags TEXT NOT NULL,
                slots BIGINT NOT NULL,
                scope TEXT NOT NULL,
                is_embedded BIGINT NOT NULL,
                is_ephemeral BIGINT NOT NULL,
                is_paused BIGINT NOT NULL,
                is_draining BIGINT NOT NULL,
                inventory TEXT NOT NULL,
                version TEXT,
                joined_at BIGINT NOT NULL,
                seen_at BIGINT,
                removed_at BIGINT
            )
            """,
            "CREATE UNIQUE INDEX runner_by_name ON runner (name) WHERE removed_at IS NULL",
            "CREATE UNIQUE INDEX runner_by_credential ON runner (credential_hash) WHERE credential_hash IS NOT NULL",
            """
            CREATE UNIQUE INDEX runner_by_previous_credential ON runner (previous_credential_hash)
            WHERE previous_credential_hash IS NOT NULL
            """,
            """
            CREATE TABLE join_token (
                id \(dialect.rowNumber),
                hash \(dialect.bytes) NOT NULL UNIQUE,
                tags TEXT NOT NULL,
                slots BIGINT,
                scope TEXT NOT NULL,
                is_ephemeral BIGINT NOT NULL,
                created_by TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                expires_at BIGINT NOT NULL,
                used BIGINT NOT NULL
            )
            """,
            // A device belongs to the attempt named, for as long as that one lives.
            """
            CREATE TABLE gpu (
                id \(dialect.rowNumber),
                runner BIGINT NOT NULL REFERENCES runner (id) ON DELETE CASCADE,
                uuid TEXT NOT NULL,
                device TEXT NOT NULL,
                memory BIGINT NOT NULL,
                is_usable BIGINT NOT NULL,
                set_aside TEXT,
                set_aside_at BIGINT,
                attempt BIGINT REFERENCES attempt (id),
                UNIQUE (runner, uuid)
            )
            """,
        ]
    }

    private static let attempts = [
        "ALTER TABLE attempt ADD COLUMN runner_id BIGINT REFERENCES runner (id)",
        "ALTER TABLE attempt ADD COLUMN token_hash BLOB",
        "ALTER TABLE attempt ADD COLUMN gpus TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE attempt ADD COLUMN needs TEXT NOT NULL DEFAULT '{\"tags\":[]}'",
        "CREATE INDEX attempt_live_by_runner ON attempt (runner_id) WHERE state IN ('claimed', 'running')",
    ]

    /// Turns at an environment become turns at anything that one job at a time may have.
    private static let turns = [
        "ALTER TABLE deployment_turn RENAME TO turn",
        "ALTER TABLE turn RENAME COLUMN environment TO name",
        "UPDATE turn SET name = 'environment ' || name",
        "ALTER TABLE job ADD COLUMN resource_group TEXT",
    ]
}
