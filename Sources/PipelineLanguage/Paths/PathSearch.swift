/// Looks for globs among paths, each glob once however many rules share it.
///
/// Stays within one planning.
final class PathSearch {
    private let paths: [String]
    private let budget: MatchingBudget
    private lazy var known = Set(paths)
    private var answers: [String: Bool] = [:]

    init(_ paths: [String], budget: MatchingBudget) {
        self.paths = paths
        self.budget = budget
    }

    /// Whether a path matches; nil when the budget ran out before one did.
    func contains(_ text: String) throws(PatternError) -> Bool? {
        if let answer = answers[text] { return answer }
        let glob = try Glob(text, dialect: .rules)
        let answer = glob.literal.map { known.contains($0) } ?? search(glob)
        answers[text] = answer
        return answer
    }

    private func search(_ glob: Glob) -> Bool? {
        for path in paths {
            guard let matches = glob.matches(path, budget: budget) else { return nil }
            if matches { return true }
        }
        return false
    }
}
