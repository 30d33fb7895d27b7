import Forges
import GitRepositories
import PipelineModel
import Store

extension MissedEvents {
    /// How long after a delivery told of a ref nothing is made of what a forge shows of it: its copies of a repository
    /// follow each other, and the one that is asked may be behind.
    private static let settling = Duration.seconds(10)

    /// Compares where branches and tags stand with what deliveries told, and stores what they did not tell.
    /// - Returns: when refs that moved are to be looked at again, of which a delivery told a moment ago; nil where there
    ///   are none.
    func compareHeads(of repository: StoredRepository, on forge: ForgeConnection) async throws -> Timestamp? {
        // Read before the forge is asked: what a delivery tells in between is newer than its answer.
        let known = try await store.heads(of: repository.id)
        let found = try await refs(of: repository.reference, on: forge)
        guard known.since != nil else {
            try await store.noteFirstHeads(found, of: repository.id, now: now())
            return nil
        }
        // A forge that shows no ref at all of a repository that had some is more likely ill than right, and believing it
        // would stop everything that runs.
        guard known.commits.isEmpty || !found.isEmpty else { return nil }
        var moves = found.filter { known.commits[$0.key] != $0.value }.map {
            HeadMove(ref: $0.key, before: known.commits[$0.key], after: $0.value)
        }
        moves += known.commits.filter { found[$0.key] == nil }.map {
            HeadMove(ref: $0.key, before: $0.value, after: nil)
        }
        let moment = now()
        let unsettled = moves.compactMap { known.toldAt[$0.ref] }.map { $0 + Self.settling }.filter { $0 > moment }
        moves.removeAll { move in known.toldAt[move.ref].map { $0 + Self.settling > moment } ?? false }
        for move in try await confirmed(moves, in: repository.reference, on: forge).sorted(by: { $0.ref < $1.ref }) {
            try await recover(move, in: repository)
        }
        return unsettled.max()
    }

    private func recover(_ move: HeadMove, in repository: StoredRepository) async throws {
        let reference = repository.reference
        let delivery = NewDelivery(
            forge: reference.forge, event: RecoveredEvent.name, remoteID: reference.remoteID,
            body: try RecoveredEvent.body(move.event(in: reference)))
        guard case .stored(let id) = try await store.recover(move, in: repository, as: delivery, now: now()) else {
            return
        }
        logger.notice(
            "missed event recovered",
            metadata: ["repository": "\(reference.name)", "ref": "\(move.ref)", "delivery": "d\(id)"])
    }

    /// Where branches and tags stand by git's word, which costs nothing of a forge's limit.
    private func refs(of repository: RepositoryReference, on forge: ForgeConnection) async throws -> [String: String] {
        let credential = try await forge.gitCredential(for: repository)
        let refs = try await mirrors.refs(of: repository, credential: credential)
        return refs.filter { $0.key.hasPrefix("refs/heads/") || $0.key.hasPrefix("refs/tags/") }
    }

    /// The moves of branches that the forge's API shows as well, and those of tags, of which there is no other word. An
    /// answer that is behind would take a branch back, and its old commit would run.
    private func confirmed(
        _ moves: [HeadMove], in repository: RepositoryReference, on forge: ForgeConnection
    ) async throws -> [HeadMove] {
        let prefix = "refs/heads/"
        guard moves.contains(where: { $0.ref.hasPrefix(prefix) }) else { return moves }
        do {
            let heads = try await forge.api.branchHeads(of: repository).map { (prefix + $0.name, $0.commit) }
            let commits = Dictionary(heads, uniquingKeysWith: { $1 })
            return moves.filter { !$0.ref.hasPrefix(prefix) || commits[$0.ref] == $0.after }
        } catch let error as ForgeError where error.code == .unsupported {
            return moves
        }
    }
}
