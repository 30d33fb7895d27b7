extension Migration {
    /// The variables that attempts hand on to later jobs.
    static let dotenv = Migration(number: 14) { _ in ["ALTER TABLE attempt ADD COLUMN dotenv TEXT"] }
}
