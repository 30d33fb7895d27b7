import Forges
import GitRepositories
import PipelineModel
import Store

extension MissedEvents {
    /// Compares where branches stand with what deliveries told, and stores what they did not tell.
    func compareHeads(of repository: StoredRepository, on forge: ForgeConnection) async throws {
        // Read before the forge is asked: what a delivery tells in between is newer than its answer.
        let known = try await store.heads(of: repository.id)
        let found = try await currentHeads(of: repository.reference, on: forge)
        guard known.since != nil else {
            return try await store.noteFirstHeads(found.commits, of: repository.id, now: now())
        }
        let covered = known.commits.filter { found.covers($0.key) }
        // A forge that shows no branch at all of a repository that had some is more likely ill than right, and believing
        // it would stop everything that runs.
        guard covered.isEmpty || !found.commits.isEmpty else { return }
        var moves = found.commits.filter { covered[$0.key] != $0.value }.map {
            HeadMove(ref: $0.key, before: covered[$0.key], after: $0.value)
        }
        moves += covered.filter { found.commits[$0.key] == nil }.map {
            HeadMove(ref: $0.key, before: $0.value, after: nil)
        }
        for move in moves.sorted(by: { $0.ref < $1.ref }) {
            try await recover(move, in: repository)
        }
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

    /// Where refs stand by a forge's word.
    private struct CurrentHeads {
        var commits: [String: String]
        /// Whether tags are among them.
        var hasTags: Bool

        func covers(_ ref: String) -> Bool { hasTags || ref.hasPrefix("refs/heads/") }
    }

    /// Asks the forge's API, and git itself where the forge has none.
    private func currentHeads(
        of repository: RepositoryReference, on forge: ForgeConnection
    ) async throws -> CurrentHeads {
        do {
            let heads = try await forge.api.branchHeads(of: repository)
            let commits = heads.map { ("refs/heads/" + $0.name, $0.commit) }
            return CurrentHeads(commits: Dictionary(commits, uniquingKeysWith: { $1 }), hasTags: false)
        } catch let error as ForgeError where error.code == .unsupported {
            let credential = try await forge.api.cloneCredential(for: repository).map {
                GitCredential(user: $0.user, password: $0.password)
            }
            return CurrentHeads(
                commits: try await mirrors.refs(of: repository, credential: credential), hasTags: true)
        }
    }
}
