/// The tier GitLab gives to an environment whose file does not say it.
enum EnvironmentTier {
    private static let marks: [(tier: String, words: [String])] = [
        ("development", ["dev", "review", "trunk"]),
        ("testing", ["test", "tst", "int", "acpt", "accept", "qa", "qc", "control", "quality"]),
        ("staging", ["stg", "stag", "modl", "model", "pre", "demo", "non"]),
        ("production", ["prd", "prod", "live"]),
    ]

    /// The first tier one of whose words is in the name.
    static func guess(from name: String) -> String {
        let lower = name.lowercased()
        return marks.first { $0.words.contains { lower.contains($0) } }?.tier ?? "other"
    }
}
