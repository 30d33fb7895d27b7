extension Migration {
    /// Since when no runner of the pool can take the jobs of a lane; NULL while one can.
    static let unserved = Migration(number: 7) { _ in ["ALTER TABLE lane ADD COLUMN unserved_since BIGINT"] }
}
