/// How many cases of each part held when this was last written. A run with fewer fails.
enum Floor {
    /// GitLab CI cases of which everything holds, their runs included.
    static let gitLabCICases = 113
    /// GitLab CI cases of which everything but the running holds.
    static let gitLabCIPlanning = 113
    /// Conditions of `rules:if`.
    static let expressions = 125
    /// GitLab's own accept and reject snippets.
    static let snippets = 32
    /// Files of real repositories, their roots and those that roots include.
    static let realPipelines = 29

    /// Whether as many cases held as its floor says, or all there are: another folder of cases may be smaller.
    static func isReached(_ floor: Int, by held: Int, of total: Int) -> Bool {
        held >= floor || (held == total && held > 0)
    }
}
