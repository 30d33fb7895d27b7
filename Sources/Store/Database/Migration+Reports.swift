extension Migration {
    /// What attempts reported in numbers. Curves are apart: they are large, and only a report shows them.
    static let reports = Migration(number: 8) { _ in
        [
            """
            CREATE TABLE attempt_report (
                attempt BIGINT PRIMARY KEY REFERENCES attempt (id) ON DELETE CASCADE,
                numbers TEXT NOT NULL,
                curves TEXT NOT NULL
            )
            """
        ]
    }
}
