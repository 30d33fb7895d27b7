import NIOConcurrencyHelpers
import PipelineModel
import Store

/// Test deliveries that forges were asked for and that look like any other: GitLab's is the newest push of the default
/// branch once more, for which nothing is to run.
public final class TestDeliveries: Sendable {
    private struct Push: Hashable {
        var forge: String
        var remoteID: Int64
        var commit: String
    }

    private let expected = NIOLockedValueBox<[Push: Timestamp]>([:])

    /// Expects none yet.
    public init() {}

    /// Takes the next push of a commit for a test, if it comes before a moment.
    func expect(_ commit: String, of repository: RepositoryReference, until moment: Timestamp) {
        let push = Push(forge: repository.forge, remoteID: repository.remoteID, commit: commit)
        expected.withLockedValue { $0[push] = moment }
    }

    /// Whether a move is the one that a test repeats. The next such move is none.
    func takes(_ move: HeadMove?, from forge: String, remoteID: Int64?, now: Timestamp) -> Bool {
        guard let commit = move?.after, let remoteID else { return false }
        let push = Push(forge: forge, remoteID: remoteID, commit: commit)
        return expected.withLockedValue { $0.removeValue(forKey: push) }.map { now < $0 } ?? false
    }
}
