import HTTPTransport
import PipelineModel
import Signing

/// GitLab's REST API v4, at gitlab.com or a server of one's own.
public struct GitLabAPI: ForgeAPI {
    /// GitLab.
    public var kind: ForgeKind { .gitlab }

    let forge: String
    let client: ForgeClient
    private let token: Redacted
    private let cloneToken: Redacted?

    /// Speaks to GitLab.
    /// - Parameters:
    ///   - forge: the name of the forge's section in the settings.
    ///   - address: the server's address, such as `https://gitlab.example.com`.
    ///   - token: an access token with the scope `api`.
    ///   - cloneToken: a token with the scope `read_repository` alone, for git.
    ///   - retry: how reads are repeated. Writes are not: whoever owes them repeats them.
    /// - Throws: `ForgeError` with code `misconfigured` for an address that is none.
    public init(
        forge: String, address: String, token: Redacted, cloneToken: Redacted? = nil, sender: any HTTPSender,
        retry: RetryPolicy = RetryPolicy(), now: @escaping @Sendable () -> Timestamp
    ) throws(ForgeError) {
        self.forge = forge
        self.token = token
        self.cloneToken = cloneToken
        client = try ForgeClient(sender: sender, base: address, name: "GitLab", retry: retry, now: now)
    }

    /// Sends a request about a project, by its number or its encoded path.
    private func send(
        _ method: String, project: String, _ path: String, body: JSONValue? = nil
    ) async throws -> ForgeClient.Answer {
        try await client.exchange(
            method, "/api/v4/projects/\(project)\(path)", headers: [("PRIVATE-TOKEN", token.revealed)], body: body)
    }

    /// Sends a request about a repository and gives the answer of a success.
    func call(
        _ method: String, _ repository: RepositoryReference, _ path: String, body: JSONValue? = nil, to task: String,
        hint: String
    ) async throws -> ForgeClient.Answer {
        let answer = try await send(method, project: String(repository.remoteID), path, body: body)
        guard answer.isSuccess else { throw client.error(answer, task, hint: hint) }
        return answer
    }

    // MARK: Statuses

    /// Posts a status. GitLab refuses a state that it shows already; that is a success here.
    public func post(_ status: CommitStatus, to repository: RepositoryReference) async throws -> StatusAnswer {
        try status.checkCommit()
        var body: [String: JSONValue] = [
            "state": .string(Self.word(for: status.state)), "name": .string(try status.boundedContext()),
            "description": .string(status.boundedText),
        ]
        // Longer addresses are refused, and a status without one is better than none.
        if let url = status.targetURL, url.utf16.count <= 255 { body["target_url"] = .string(url) }
        let ref = Self.shortRef(status.ref)
        body["ref"] = ref.map(JSONValue.string)
        let path = "/statuses/\(status.commit)"
        var answer = try await send("POST", project: String(repository.remoteID), path, body: .object(body))
        if answer.status == 404, ref == nil, status.ref.utf8.count <= 255 {
            // No branch has the commit, as with a merge request from a fork: its own ref is named then.
            body["ref"] = .string(status.ref)
            answer = try await send("POST", project: String(repository.remoteID), path, body: .object(body))
        }
        if answer.isSuccess { return .accepted }
        if answer.status == 400, Self.saysAlreadyThere(answer.body) { return .alreadyThere }
        throw client.error(
            answer, "post a status on \(status.commit.prefix(7)) of \(repository.name)",
            hint: "Give the token the scope api and the role Developer, or Maintainer for protected branches.")
    }

    private static func word(for state: CommitStatus.State) -> String {
        switch state {
        case .pending: "pending"
        case .success: "success"
        case .failure, .error: "failed"
        }
    }

    /// The name of a branch or tag. A merge request's ref is none: without one GitLab finds the branch itself.
    private static func shortRef(_ ref: String) -> String? {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
            return ref.utf16.count - prefix.utf16.count <= 255 ? String(ref.dropFirst(prefix.count)) : nil
        }
        return nil
    }

    /// Whether a refusal says that the status stands in the wanted state: "Cannot transition status via :run from
    /// :running". The message may be a text or an object of lists of texts.
    private static func saysAlreadyThere(_ body: JSONValue?) -> Bool {
        String(decoding: (body?["message"] ?? .null).bytes, as: UTF8.self).contains("Cannot transition status via")
    }

    // MARK: Reading

    /// The project at a path of groups and name.
    public func repository(at path: String) async throws -> RepositoryReference {
        let task = "describe \(path)"
        let answer = try await send("GET", project: path.urlSegment, "")
        guard answer.isSuccess else {
            throw client.error(answer, task, hint: "Check the path, and give the token's account access to it.")
        }
        guard let id = answer.body?["id"]?.whole, let name = answer.body?["path_with_namespace"]?.text,
            let address = answer.body?["http_url_to_repo"]?.text
        else { throw client.unreadable(task) }
        return RepositoryReference(
            forge: forge, remoteID: id, name: name, cloneURL: address,
            defaultBranch: answer.body?["default_branch"]?.text ?? "")
    }

    /// The merge request of that number (`iid`).
    public func pullRequest(_ number: Int64, of repository: RepositoryReference) async throws -> PullRequest {
        let task = "describe merge request \(number) of \(repository.name)"
        let answer = try await call(
            "GET", repository, "/merge_requests/\(number)", to: task, hint: "Give the token the scope api.")
        guard let body = answer.body, body["iid"]?.whole == number,
            body["target_project_id"]?.whole == repository.remoteID, let source = body["source_branch"]?.text,
            let target = body["target_branch"]?.text, let commit = body["sha"]?.text
        else { throw client.unreadable(task) }
        var request = PullRequest(
            number: number, title: body["title"]?.text ?? "", state: body["state"]?.text ?? "",
            isDraft: body["draft"]?.flag ?? false, headBranch: source, headCommit: commit,
            headRepositoryID: body["source_project_id"]?.whole, baseBranch: target,
            baseRepositoryID: repository.remoteID)
        request.baseCommit = body["diff_refs"]?["start_sha"]?.text
        request.labels = (body["labels"]?.elements ?? []).compactMap(\.text)
        request.isMerged = request.state == "merged"
        request.author = (body["author"]?["username"]?.text).map {
            Event.Actor(remoteID: body["author"]?["id"]?.whole, name: $0)
        }
        return request
    }

    /// The account's role, by its number, memberships of groups included.
    public func role(of account: Event.Actor, in repository: RepositoryReference) async throws -> AccountRole {
        guard let id = account.remoteID else { return .none }
        let answer: ForgeClient.Answer
        do {
            answer = try await call(
                "GET", repository, "/members/all/\(id)", to: "tell what account \(id) may do in \(repository.name)",
                hint: "Give the token the scope api.")
        } catch let error as ForgeError where error.code == .notFound {
            return .none
        }
        guard answer.body?["id"]?.whole == id, (answer.body?["state"]?.text ?? "active") == "active" else {
            return .none
        }
        // GitLab's levels: 20 Reporter, 30 Developer, 40 Maintainer, 50 Owner.
        return switch answer.body?["access_level"]?.whole ?? 0 {
        case 40...: .maintain
        case 30...: .write
        case 10...: .read
        default: .none
        }
    }

    /// All branches, page by page.
    public func branchHeads(of repository: RepositoryReference) async throws -> [BranchHead] {
        let task = "list the branches of \(repository.name)"
        return try await Paging.all(
            of: client, to: task,
            read: { entry in
                guard let name = entry["name"]?.text, let commit = entry["commit"]?["id"]?.text else { return nil }
                return BranchHead(name: name, commit: commit, isProtected: entry["protected"]?.flag ?? false)
            },
            page: { page in
                try await call(
                    "GET", repository, "/repository/branches?per_page=\(Paging.pageSize)&page=\(page)", to: task,
                    hint: "Give the token the scope api.")
            })
    }

    /// Whether a branch or tag is protected, patterns included.
    public func isProtected(_ ref: String, of repository: RepositoryReference) async throws -> Bool {
        guard let name = Self.shortRef(ref) else { return false }
        let list = ref.hasPrefix("refs/tags/") ? "tags" : "branches"
        do {
            let answer = try await call(
                "GET", repository, "/repository/\(list)/\(name.urlSegment)",
                to: "describe a ref of \(repository.name)", hint: "Give the token the scope api.")
            return answer.body?["protected"]?.flag ?? false
        } catch let error as ForgeError where error.code == .notFound {
            return false
        }
    }

    /// The configured clone token.
    public func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential? {
        cloneToken.map { CloneCredential(user: "oauth2", password: $0, expiresAt: nil) }
    }

    // MARK: Hooks

    private static let hookHint = "Give the token the scope api and the role Maintainer."

    /// Makes a webhook. A server older than 19.0 ignores the signing token, and the receipt says so.
    public func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt {
        let task = "make a webhook of \(repository.name)"
        for id in try await hooks(at: wish.url, of: repository) {
            _ = try await call(
                "DELETE", repository, "/hooks/\(id)", to: "remove the webhook \(id) of \(repository.name)",
                hint: Self.hookHint)
        }
        var body: [String: JSONValue] = [
            "url": .string(wish.url), "push_events": true, "tag_push_events": true, "merge_requests_events": true,
            "note_events": true, "enable_ssl_verification": .bool(wish.verifiesCertificate),
            "signing_token": .string(wish.secret.revealed),
        ]
        body["token"] = wish.token.map { .string($0.revealed) }
        let answer = try await call("POST", repository, "/hooks", body: .object(body), to: task, hint: Self.hookHint)
        guard let id = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        return HookReceipt(id: id, isSigning: answer.body?["signing_token_present"]?.flag ?? false)
    }

    private func hooks(at url: String, of repository: RepositoryReference) async throws -> [Int64] {
        let task = "list the webhooks of \(repository.name)"
        let hooks = try await Paging.all(
            of: client, to: task, read: { entry in entry["id"]?.whole.map { (id: $0, url: entry["url"]?.text) } },
            page: { page in
                try await call(
                    "GET", repository, "/hooks?per_page=\(Paging.pageSize)&page=\(page)", to: task,
                    hint: Self.hookHint)
            })
        return hooks.filter { $0.url == url }.map(\.id)
    }

    /// Has GitLab send its test push.
    public func testHook(_ id: Int64, on repository: RepositoryReference) async throws {
        _ = try await call(
            "POST", repository, "/hooks/\(id)/test/push_events", to: "test the webhook \(id) of \(repository.name)",
            hint: Self.hookHint)
    }

    /// GitLab's list of deliveries does not name them as their headers do, so what was missed is found by branch heads.
    public func deliveries(
        ofHook id: Int64, on repository: RepositoryReference, since: Timestamp
    ) async throws -> [HookDelivery] {
        throw ForgeError(.unsupported, message: "GitLab's deliveries are not read: compare the branch heads instead.")
    }

    /// Not done for GitLab: see `deliveries`.
    public func redeliver(_ delivery: Int64, ofHook id: Int64, on repository: RepositoryReference) async throws {
        throw ForgeError(.unsupported, message: "GitLab resends a delivery from the webhook's own page.")
    }
}
