/// How many cases of each part held when this was last written. A run with fewer fails.
enum Floor {
    /// GitLab CI cases of which everything holds, their runs included.
    static let gitLabCICases = 104
    /// GitLab CI cases of which everything but the running holds.
    static let gitLabCIPlanning = 104
    /// Conditions of `rules:if`.
    static let expressions = 125
    /// GitLab's own accept and reject snippets.
    static let snippets = 31
    /// Pipelines of real repositories.
    static let realPipelines = 5
}
