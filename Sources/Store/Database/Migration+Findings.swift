extension Migration {
    /// What attempts found: how their tests ended, and how much of the code those reach. It stands with the attempt, for
    /// every list of jobs tells it.
    static let findings = Migration(number: 11) { _ in ["ALTER TABLE attempt ADD COLUMN findings TEXT"] }
}
