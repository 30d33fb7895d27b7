import PipelineModel

/// What one round of telling a forge has met, commit by commit: whether the forge is better left alone, and until when.
struct PublishingRound {
    /// Before when the forge is left alone; nil while there is no reason to.
    private(set) var restsUntil: Timestamp?
    /// When the commits are tried again for which the forge failed, one after the other without one between that it took.
    private var failures: [Timestamp] = []

    /// How many commits in a row have to fail before the forge counts as failing. One alone may be the commit's fault.
    static let limit = 3

    /// Takes note of what became of a commit's messages.
    mutating func note(_ outcome: StatusPublisher.Outcome) {
        switch outcome {
        case .done, .waits: failures = []
        case .fails(let until):
            failures.append(until)
            // The first of them to be tried again tells whether the forge works.
            if failures.count >= Self.limit, let first = failures.min() { rest(until: first) }
        case .forgeRests(let until): rest(until: until)
        }
    }

    private mutating func rest(until moment: Timestamp) { restsUntil = max(restsUntil ?? moment, moment) }
}
