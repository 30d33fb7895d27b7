extension Migration {
    /// The schema of the first version. Times are milliseconds since 1970; truth values are 0 and 1; values that are
    /// read and written as a whole are JSON.
    static let first = Migration(number: 1) { dialect in
        access(dialect) + inbox(dialect) + pipelines(dialect) + attempts(dialect) + outbox(dialect)
    }

    private static func access(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE repository (
                id \(dialect.rowNumber),
                forge TEXT NOT NULL,
                remote_id BIGINT NOT NULL,
                name TEXT NOT NULL,
                clone_url TEXT NOT NULL,
                default_branch TEXT NOT NULL,
                settings TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                UNIQUE (forge, remote_id)
            )
            """,
            """
            CREATE TABLE hook (
                id \(dialect.rowNumber),
                forge TEXT NOT NULL,
                name TEXT NOT NULL,
                sealed_secret \(dialect.bytes) NOT NULL,
                previous_sealed_secret \(dialect.bytes),
                created_at BIGINT NOT NULL,
                UNIQUE (forge, name)
            )
            """,
            """
            CREATE TABLE hook_repository (
                hook BIGINT NOT NULL REFERENCES hook (id) ON DELETE CASCADE,
                remote_id BIGINT NOT NULL,
                PRIMARY KEY (hook, remote_id)
            )
            """,
            """
            CREATE TABLE token (
                id \(dialect.rowNumber),
                name TEXT NOT NULL,
                hash \(dialect.bytes) NOT NULL UNIQUE,
                scope TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                last_used_at BIGINT,
                revoked_at BIGINT
            )
            """,
            // An empty environment stands for every job: NULLs would not be held unique.
            """
            CREATE TABLE secret (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                kind TEXT NOT NULL,
                protected_only BIGINT NOT NULL,
                environment TEXT NOT NULL,
                sealed \(dialect.bytes) NOT NULL,
                set_at BIGINT NOT NULL,
                UNIQUE (repository, name, environment)
            )
            """,
            """
            CREATE TABLE audit (
                id \(dialect.rowNumber),
                at BIGINT NOT NULL,
                actor TEXT NOT NULL,
                action TEXT NOT NULL,
                subject TEXT NOT NULL,
                detail TEXT
            )
            """,
        ]
    }

    private static func inbox(_ dialect: SQLDialect) -> [String] {
        [
            // The body stands last, so that reading the other columns does not walk through its pages.
            """
            CREATE TABLE delivery (
                id \(dialect.rowNumber),
                forge TEXT NOT NULL,
                hook BIGINT REFERENCES hook (id) ON DELETE SET NULL,
                event TEXT NOT NULL,
                delivery_key TEXT,
                remote_id BIGINT,
                state TEXT NOT NULL,
                reason TEXT,
                tries BIGINT NOT NULL,
                next_try_at BIGINT NOT NULL,
                received_at BIGINT NOT NULL,
                finished_at BIGINT,
                pipeline BIGINT,
                event_subject TEXT,
                event_identity TEXT,
                size BIGINT NOT NULL,
                headers TEXT NOT NULL,
                body \(dialect.bytes)
            )
            """,
            "CREATE INDEX delivery_open ON delivery (next_try_at, id) WHERE state = 'stored'",
            "CREATE INDEX delivery_by_key ON delivery (forge, delivery_key, id) WHERE delivery_key IS NOT NULL",
            "CREATE INDEX delivery_by_event ON delivery (event_subject, id) WHERE event_subject IS NOT NULL",
            "CREATE INDEX delivery_by_repository ON delivery (forge, remote_id, id)",
            "CREATE INDEX delivery_with_body ON delivery (received_at) WHERE body IS NOT NULL",
            "CREATE INDEX delivery_by_hook ON delivery (hook) WHERE hook IS NOT NULL",
        ]
    }

    private static func pipelines(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE pipeline (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id),
                source TEXT NOT NULL,
                ref TEXT NOT NULL,
                commit_sha TEXT NOT NULL,
                before_sha TEXT,
                fetch_url TEXT,
                pull_request BIGINT,
                title TEXT,
                author TEXT,
                is_protected BIGINT NOT NULL,
                is_fork BIGINT NOT NULL,
                state TEXT NOT NULL,
                reason TEXT,
                approved_by TEXT,
                delivery BIGINT REFERENCES delivery (id),
                created_at BIGINT NOT NULL,
                finished_at BIGINT,
                diagnostics TEXT NOT NULL,
                variables TEXT NOT NULL,
                plan TEXT
            )
            """,
            "CREATE INDEX pipeline_by_repository ON pipeline (repository, id)",
            "CREATE INDEX pipeline_by_commit ON pipeline (commit_sha, id)",
            """
            CREATE INDEX pipeline_live ON pipeline (repository, source, id)
            WHERE state IN ('held', 'running', 'manual')
            """,
            """
            CREATE TABLE tag_set (
                id \(dialect.rowNumber),
                tags TEXT NOT NULL UNIQUE
            )
            """,
            """
            CREATE TABLE tag_set_tag (
                tag_set BIGINT NOT NULL REFERENCES tag_set (id),
                tag TEXT NOT NULL,
                PRIMARY KEY (tag_set, tag)
            )
            """,
            """
            CREATE TABLE job (
                id \(dialect.rowNumber),
                pipeline BIGINT NOT NULL REFERENCES pipeline (id),
                position BIGINT NOT NULL,
                name TEXT NOT NULL,
                stage TEXT NOT NULL,
                environment TEXT,
                is_deployment BIGINT NOT NULL,
                tag_set BIGINT NOT NULL REFERENCES tag_set (id),
                state TEXT NOT NULL,
                failure TEXT,
                because TEXT,
                summary TEXT,
                is_played BIGINT NOT NULL,
                cancel_reason TEXT,
                priority BIGINT NOT NULL,
                ready_at BIGINT,
                lease_epoch BIGINT NOT NULL,
                attempts BIGINT NOT NULL,
                spent BIGINT NOT NULL,
                attempt BIGINT,
                started_at BIGINT,
                finished_at BIGINT,
                UNIQUE (pipeline, position),
                UNIQUE (pipeline, name)
            )
            """,
            // One search of this index for each set of tags finds the next job, however many wait.
            "CREATE INDEX job_ready ON job (tag_set, priority, ready_at, id) WHERE state = 'ready'",
            "CREATE INDEX job_ready_at ON job (ready_at) WHERE state = 'ready'",
            """
            CREATE TABLE environment (
                id \(dialect.rowNumber),
                repository BIGINT NOT NULL REFERENCES repository (id),
                name TEXT NOT NULL,
                pipeline BIGINT NOT NULL REFERENCES pipeline (id),
                job BIGINT NOT NULL REFERENCES job (id),
                deployed_at BIGINT NOT NULL,
                UNIQUE (repository, name)
            )
            """,
        ]
    }

    private static func attempts(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE attempt (
                id \(dialect.rowNumber),
                job BIGINT NOT NULL REFERENCES job (id),
                number BIGINT NOT NULL,
                epoch BIGINT NOT NULL,
                runner TEXT NOT NULL,
                state TEXT NOT NULL,
                lease_until BIGINT NOT NULL,
                claimed_at BIGINT NOT NULL,
                acknowledged_at BIGINT,
                started_at BIGINT,
                finished_at BIGINT,
                ended_at BIGINT,
                failure TEXT,
                exit_code BIGINT,
                summary TEXT,
                image_digest TEXT,
                log_size BIGINT,
                log_removed_at BIGINT,
                UNIQUE (job, number),
                UNIQUE (job, epoch)
            )
            """,
            "CREATE INDEX attempt_live ON attempt (lease_until) WHERE state IN ('claimed', 'running')",
            "CREATE INDEX attempt_with_log ON attempt (ended_at) WHERE log_removed_at IS NULL",
            """
            CREATE TABLE artifact (
                id \(dialect.rowNumber),
                attempt BIGINT NOT NULL REFERENCES attempt (id),
                sha256 TEXT NOT NULL,
                size BIGINT NOT NULL,
                file_count BIGINT NOT NULL,
                paths TEXT NOT NULL,
                expires_at BIGINT,
                removed_at BIGINT,
                UNIQUE (attempt, sha256)
            )
            """,
            "CREATE INDEX artifact_by_hash ON artifact (sha256) WHERE removed_at IS NULL",
            "CREATE INDEX artifact_expiry ON artifact (expires_at) WHERE removed_at IS NULL",
        ]
    }

    private static func outbox(_ dialect: SQLDialect) -> [String] {
        [
            """
            CREATE TABLE outbox (
                id \(dialect.rowNumber),
                pipeline BIGINT NOT NULL REFERENCES pipeline (id),
                repository BIGINT NOT NULL REFERENCES repository (id),
                commit_sha TEXT NOT NULL,
                ref TEXT NOT NULL,
                context TEXT NOT NULL,
                is_pending BIGINT NOT NULL,
                status TEXT NOT NULL,
                state TEXT NOT NULL,
                tries BIGINT NOT NULL,
                next_try_at BIGINT NOT NULL,
                last_error TEXT,
                created_at BIGINT NOT NULL,
                finished_at BIGINT
            )
            """,
            "CREATE INDEX outbox_owed ON outbox (next_try_at, id) WHERE state = 'owed'",
            "CREATE INDEX outbox_owed_by_commit ON outbox (repository, commit_sha, context, id) WHERE state = 'owed'",
            "CREATE INDEX outbox_by_pipeline ON outbox (pipeline, id)",
        ]
    }
}
