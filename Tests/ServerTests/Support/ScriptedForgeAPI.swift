import NIOConcurrencyHelpers
import PipelineModel

@testable import Forges

/// A forge's API that answers as a test says, and keeps what it was asked.
final class ScriptedForgeAPI: ForgeAPI {
    /// What it answers with, and what it was told.
    struct Script: Sendable {
        /// Called for each status; what it throws the forge throws.
        var post: @Sendable (CommitStatus, _ number: Int) async throws -> StatusAnswer = { _, _ in .accepted }
        var pullRequests: [Int64: PullRequest] = [:]
        /// Thrown by the next questions, one each, before they are answered.
        var failures: [ForgeError] = []
        /// Thrown by the next questions for a credential, one each.
        var credentialFailures: [ForgeError] = []
        var heads: [BranchHead] = []
        /// What accounts may do, by their numbers.
        var roles: [Int64: AccountRole] = [:]
        /// What every repository is called now, asked for by its number.
        var name = "ml/churn"
        var deliveries: [HookDelivery] = []
        var receipt = HookReceipt(id: 77, isSigning: true)
        /// Whether hooks can be made.
        var makes = true
        /// Sends the test delivery of a hook that was made by this wish.
        var test: @Sendable (HookWish) async throws -> Void = { _ in
            throw ForgeError(.refused, message: "No test delivery here.")
        }

        fileprivate(set) var asked = 0
        fileprivate(set) var posted: [CommitStatus] = []
        fileprivate(set) var groups: [StatusGroup?] = []
        fileprivate(set) var redelivered: [Int64] = []
        fileprivate(set) var wishes: [HookWish] = []
        fileprivate(set) var askedSince: [Timestamp] = []
        fileprivate(set) var comments: [String] = []
    }

    let kind: ForgeKind
    private let box = NIOLockedValueBox(Script())

    init(_ kind: ForgeKind) { self.kind = kind }

    var script: Script { box.withLockedValue { $0 } }

    /// Changes what it answers.
    func change(_ body: (inout Script) -> Void) { box.withLockedValue { body(&$0) } }

    private func answer<Answer>(_ body: (inout Script) throws -> Answer) throws -> Answer {
        try box.withLockedValue { script in
            script.asked += 1
            if !script.failures.isEmpty { throw script.failures.removeFirst() }
            return try body(&script)
        }
    }

    func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        try answer { script in
            script.comments.append(text)
            return known ?? 1
        }
    }

    func post(
        _ status: CommitStatus, to repository: RepositoryReference, in group: StatusGroup?
    ) async throws -> StatusAnswer {
        let (post, number) = box.withLockedValue { script in
            script.posted.append(status)
            script.groups.append(group)
            return (script.post, script.posted.count)
        }
        return try await post(status, number)
    }

    func repository(at path: String) async throws -> RepositoryReference {
        try answer { _ in
            RepositoryReference(
                forge: "", remoteID: 9, name: path, cloneURL: "https://forge.test/\(path).git", defaultBranch: "main")
        }
    }

    func repository(numbered remoteID: Int64) async throws -> RepositoryReference {
        try answer { script in
            RepositoryReference(
                forge: "", remoteID: remoteID, name: script.name, cloneURL: "https://forge.test/\(script.name).git",
                defaultBranch: "main")
        }
    }

    func pullRequest(_ number: Int64, of repository: RepositoryReference) async throws -> PullRequest {
        try answer { script in
            guard let found = script.pullRequests[number] else {
                throw ForgeError(.notFound, message: "The forge has no pull request \(number).")
            }
            return found
        }
    }

    func role(of account: Event.Actor, in repository: RepositoryReference) async throws -> AccountRole {
        try answer { script in account.remoteID.flatMap { script.roles[$0] } ?? .none }
    }

    func branchHeads(of repository: RepositoryReference) async throws -> [BranchHead] { try answer { $0.heads } }

    func isProtected(_ ref: String, of repository: RepositoryReference) async throws -> Bool {
        try answer { _ in false }
    }

    func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt {
        try answer { script in
            guard script.makes else { throw ForgeError(.unreachable, message: "No answer came.") }
            script.wishes.append(wish)
            return script.receipt
        }
    }

    func testHook(_ id: Int64, on repository: RepositoryReference) async throws {
        let script = script
        guard let wish = script.wishes.last else { throw ForgeError(.notFound, message: "There is no hook.") }
        try await script.test(wish)
    }

    func deliveries(
        ofHook id: Int64, on repository: RepositoryReference, since: Timestamp
    ) async throws -> [HookDelivery] {
        try answer { script in
            script.askedSince.append(since)
            return script.deliveries.filter { $0.sentAt >= since }
        }
    }

    func redeliver(_ delivery: Int64, ofHook id: Int64, on repository: RepositoryReference) async throws {
        try answer { $0.redelivered.append(delivery) }
    }

    func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential? {
        try box.withLockedValue { script in
            if !script.credentialFailures.isEmpty { throw script.credentialFailures.removeFirst() }
            return nil
        }
    }
}

extension BranchHead {
    static func head(_ name: String, _ commit: String) -> BranchHead {
        BranchHead(name: name, commit: commit, isProtected: false)
    }
}
