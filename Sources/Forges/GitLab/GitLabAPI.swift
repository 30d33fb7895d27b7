import HTTPTransport
import PipelineModel
import Signing

/// GitLab's REST API v4, at gitlab.com or a server of one's own.
public struct GitLabAPI: ForgeAPI {
    /// GitLab.
    public var kind: ForgeKind { .gitlab }

    let forge: String
    let client: ForgeClient
    let token: Redacted
    private let cloneLogin: GitCredential?

    /// Speaks to GitLab.
    /// - Parameters:
    ///   - forge: the name of the forge's section in the settings.
    ///   - address: the server's address, such as `https://gitlab.example.com`.
    ///   - token: an access token with the scope `api`.
    ///   - cloneCredential: a login that can only read, for git: a token with the scope `read_repository` alone.
    ///   - retry: how reads are repeated. Writes are not: whoever owes them repeats them.
    /// - Throws: `ForgeError` with code `misconfigured` for an address that is none.
    public init(
        forge: String, address: String, token: Redacted, cloneCredential: GitCredential? = nil, sender: any HTTPSender,
        retry: RetryPolicy = RetryPolicy(), now: @escaping @Sendable () -> Timestamp
    ) throws(ForgeError) {
        self.forge = forge
        self.token = token
        cloneLogin = cloneCredential
        client = try ForgeClient(sender: sender, address: address, name: "GitLab", retry: retry, now: now)
    }

    /// Sends a request about a project, by its number or its encoded path.
    func send(
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

    // MARK: Reading

    /// The name of a branch or tag. A merge request's ref is none: without one GitLab finds the branch itself.
    static func shortRef(_ ref: String) -> String? {
        for prefix in ["refs/heads/", "refs/tags/"] where ref.hasPrefix(prefix) {
            return ref.utf16.count - prefix.utf16.count <= 255 ? String(ref.dropFirst(prefix.count)) : nil
        }
        return nil
    }

    /// The project at a path of groups and name.
    public func repository(at path: String) async throws -> RepositoryReference {
        try await describe(path)
    }

    /// The project of that number.
    public func repository(numbered remoteID: Int64) async throws -> RepositoryReference {
        try await describe(String(remoteID))
    }

    private func describe(_ project: String) async throws -> RepositoryReference {
        let task = "describe \(project)"
        let answer = try await send("GET", project: project.urlSegment, "")
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
        return Self.role(at: answer.body?["access_level"]?.whole ?? 0)
    }

    /// The role of one of GitLab's levels: 20 Reporter, 30 Developer, 40 Maintainer, 50 Owner.
    static func role(at level: Int64) -> AccountRole {
        switch level {
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

    /// The configured login.
    public func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential? {
        cloneLogin.map { CloneCredential(user: $0.user, password: $0.password, expiresAt: nil) }
    }

    // MARK: Hooks

    private static let hookHint = "Give the token the scope api and the role Maintainer."

    /// Makes a webhook, or changes the one with its address. A server older than 19.0 ignores the signing token, and the
    /// receipt says so.
    public func makeHook(_ wish: HookWish, on repository: RepositoryReference) async throws -> HookReceipt {
        let task = "make a webhook of \(repository.name)"
        var body: [String: JSONValue] = [
            "url": .string(wish.url), "push_events": true, "tag_push_events": true, "merge_requests_events": true,
            "note_events": true, "enable_ssl_verification": .bool(wish.verifiesCertificate),
            "signing_token": .string(wish.secret.revealed),
        ]
        body["token"] = wish.token.map { .string($0.revealed) }
        let known = try await hooks(at: wish.url, of: repository)
        let answer = try await call(
            known.isEmpty ? "POST" : "PUT", repository, known.first.map { "/hooks/\($0)" } ?? "/hooks",
            body: .object(body), to: task, hint: Self.hookHint)
        guard let id = answer.body?["id"]?.whole else { throw client.unreadable(task) }
        for other in known where other != id {
            _ = try await call(
                "DELETE", repository, "/hooks/\(other)", to: "remove the webhook \(other) of \(repository.name)",
                hint: Self.hookHint)
        }
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
