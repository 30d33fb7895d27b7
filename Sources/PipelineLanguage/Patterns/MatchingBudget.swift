/// How many steps all matching of one planning may still take. Stays within that planning.
final class MatchingBudget {
    private var left: Int

    init(_ steps: Int) { left = steps }

    /// Whether there are no steps left.
    var isSpent: Bool { left < 0 }

    /// Takes steps; false when there are none left.
    func spend(_ steps: Int) -> Bool {
        left -= steps
        return left >= 0
    }
}
