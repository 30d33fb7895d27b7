extension Migration {
    /// What keeps events in the order in which they happened, however late one is worked on: where a delivery comes
    /// from, which ref it is about, and which of two pipelines, or of two deployments, is the newer.
    static let order = Migration(number: 3) { dialect in deliveries(dialect) + pipelines + deployments }

    /// The body is moved behind the new columns, so that reading them does not walk through its pages.
    private static func deliveries(_ dialect: SQLDialect) -> [String] {
        [
            "DROP INDEX delivery_with_body",
            "ALTER TABLE delivery RENAME COLUMN body TO old_body",
            "ALTER TABLE delivery ADD COLUMN origin TEXT NOT NULL DEFAULT 'received'",
            "ALTER TABLE delivery ADD COLUMN ref TEXT",
            "ALTER TABLE delivery ADD COLUMN replayed_at BIGINT",
            "ALTER TABLE delivery ADD COLUMN body \(dialect.bytes)",
            "UPDATE delivery SET body = old_body",
            "ALTER TABLE delivery DROP COLUMN old_body",
            "UPDATE delivery SET origin = 'recovered' WHERE event = 'pawl-recovered' AND hook IS NULL",
            "CREATE INDEX delivery_with_body ON delivery (received_at) WHERE body IS NOT NULL",
            "CREATE INDEX delivery_open_by_ref ON delivery (forge, remote_id, ref, id) WHERE state = 'stored'",
        ]
    }

    private static let pipelines = [
        "ALTER TABLE pipeline ADD COLUMN event_order BIGINT NOT NULL DEFAULT 0",
        """
        UPDATE pipeline SET event_order = coalesce(
            delivery, (SELECT max(older.delivery) FROM pipeline AS older WHERE older.id < pipeline.id), 0)
        """,
        "CREATE INDEX pipeline_by_ref ON pipeline (repository, ref, event_order, id)",
    ]

    private static let deployments = [
        // The deployment that a job waits for; only while that one runs does it mean anything.
        "ALTER TABLE job ADD COLUMN waits_for BIGINT",
        // Whose turn it is at an environment; only while that job runs does it mean anything.
        """
        CREATE TABLE deployment_turn (
            repository BIGINT NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
            environment TEXT NOT NULL,
            job BIGINT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
            PRIMARY KEY (repository, environment)
        )
        """,
    ]
}
