extension Migration {
    /// What attempts reported example by example. It is large, and only judging reads it.
    static let examples = Migration(number: 12) { _ in ["ALTER TABLE attempt_report ADD COLUMN examples TEXT"] }
}
