import HTTPTransport
import PipelineModel
import Signing

/// The other end of a plain-Git forge: statuses go to a signed JSON callback, or nowhere.
///
/// The callback gets `POST` with the headers that Pawl's own hook sends, and the event `status`, so that whoever can
/// verify one can verify the other. Its delivery id is the same for the same status.
public struct GitCallback: ForgeAPI {
    /// Plain Git.
    public var kind: ForgeKind { .git }

    private let target: Target?
    private let now: @Sendable () -> Timestamp

    private struct Target: Sendable {
        let client: ForgeClient
        let secret: Redacted
    }

    /// Sends statuses to a callback, signed with a secret; to nowhere without one.
    /// - Throws: `ForgeError` with code `misconfigured` for an address that is none, or an empty secret.
    public init(
        callback: (url: String, secret: Redacted)?, sender: any HTTPSender, retry: RetryPolicy = RetryPolicy(),
        now: @escaping @Sendable () -> Timestamp
    ) throws(ForgeError) {
        self.now = now
        guard let callback else {
            target = nil
            return
        }
        guard !callback.secret.revealed.isEmpty else {
            throw ForgeError(
                .misconfigured, message: "The status callback has no secret. Set a random one at both ends.")
        }
        target = Target(
            client: try ForgeClient(
                sender: sender, address: callback.url, name: "The status callback", retry: retry, now: now),
            secret: callback.secret)
    }

    /// Sends a status to the callback.
    public func post(
        _ status: CommitStatus, to repository: RepositoryReference, in group: StatusGroup?
    ) async throws -> StatusAnswer {
        guard let target else { return .accepted }
        var members: [String: JSONValue] = [
            "version": 1, "repository": ["id": .integer(repository.remoteID), "name": .string(repository.name)],
            "commit": .string(status.commit), "ref": .string(status.ref), "context": .string(status.context),
            "state": .string(status.state.rawValue), "description": .string(status.boundedText),
        ]
        members["target_url"] = status.targetURL.map(JSONValue.string)
        let body = JSONValue.object(members)
        let delivery = Hex.encode(try SHA256Digest.of(body.bytes).prefix(16))
        let headers = try GitHookMessage.headers(
            for: body.bytes, event: "status", delivery: delivery, secret: target.secret, now: now())
        let answer = try await target.client.exchange("POST", "", headers: headers, body: body)
        guard answer.isSuccess else {
            throw target.client.error(
                answer, "take a status of \(repository.name)", hint: "Check the callback's address and secret.")
        }
        return .accepted
    }

    /// Only the default branch counts as protected: a bare repository has no settings that would say more.
    public func isProtected(_ ref: String, of repository: RepositoryReference) async throws -> Bool {
        ref == "refs/heads/" + repository.defaultBranch
    }

    /// None: git reaches the repository by itself.
    public func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential? { nil }

    /// Always throws: `pawl hook install` describes the repository.
    public func repository(at path: String) async throws -> RepositoryReference { throw unsupported("paths") }

    /// Always throws: its own hook made the number up.
    public func repository(numbered remoteID: Int64) async throws -> RepositoryReference {
        throw unsupported("numbers")
    }

    /// Always throws.
    public func pullRequest(_ number: Int64, of repository: RepositoryReference) async throws -> PullRequest {
        throw unsupported("pull requests")
    }

    /// Always throws.
    public func role(of account: Event.Actor, in repository: RepositoryReference) async throws -> AccountRole {
        throw unsupported("accounts")
    }

    /// Always throws: `git ls-remote` lists them.
    public func branchHeads(of repository: RepositoryReference) async throws -> [BranchHead] {
        throw unsupported("a list of branches")
    }

    /// Always throws: `pawl hook install` puts the hook in place.
    public func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt {
        throw unsupported("webhooks")
    }

    /// Always throws.
    public func testHook(_ id: Int64, on repository: RepositoryReference) async throws {
        throw unsupported("webhooks")
    }

    /// Always throws.
    public func deliveries(
        ofHook id: Int64, on repository: RepositoryReference, since: Timestamp
    ) async throws -> [HookDelivery] { throw unsupported("deliveries") }

    /// Always throws.
    public func redeliver(_ delivery: Int64, ofHook id: Int64, on repository: RepositoryReference) async throws {
        throw unsupported("deliveries")
    }

    /// A repository without a forge has no pull requests.
    public func putComment(
        _ text: String, on pullRequest: Int64, of repository: RepositoryReference, known: Int64?, mark: String
    ) async throws -> Int64 {
        throw unsupported("comments")
    }

    private func unsupported(_ what: String) -> ForgeError {
        ForgeError(.unsupported, message: "A plain-Git forge has no API for \(what).")
    }
}
