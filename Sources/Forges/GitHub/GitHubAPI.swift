import HTTPTransport
import PipelineModel
import Signing

/// GitHub's REST API, version 2022-11-28, at github.com or an Enterprise Server.
public struct GitHubAPI: ForgeAPI {
    /// GitHub.
    public var kind: ForgeKind { .github }

    /// The name of the forge's section in the settings.
    let forge: String
    let client: ForgeClient
    let tokens: GitHubTokens
    private let cloneLogin: GitCredential?

    /// Where github.com's API is.
    public static let publicAddress = "https://api.github.com"

    /// Speaks to GitHub.
    /// - Parameters:
    ///   - forge: the name of the forge's section in the settings.
    ///   - address: where the API is; of an Enterprise Server `https://HOST/api/v3`.
    ///   - cloneCredential: a login that can only read, for git; with an App one is made for each attempt instead.
    ///   - retry: how reads are repeated. Writes are not: whoever owes them repeats them.
    /// - Throws: `ForgeError` with code `misconfigured` for an address that is none.
    public init(
        forge: String, address: String = GitHubAPI.publicAddress, credential: GitHubCredential,
        cloneCredential: GitCredential? = nil, sender: any HTTPSender, retry: RetryPolicy = RetryPolicy(),
        now: @escaping @Sendable () -> Timestamp
    ) throws(ForgeError) {
        self.forge = forge
        cloneLogin = cloneCredential
        client = try ForgeClient(sender: sender, address: address, name: "GitHub", retry: retry, now: now)
        tokens = GitHubTokens(credential: credential, client: client)
    }

    static func headers(_ token: Redacted) -> [(name: String, value: String)] {
        [
            ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"),
            ("Authorization", "Bearer \(token.revealed)"),
        ]
    }

    /// Sends a request about a repository and gives the answer of a success.
    ///
    /// An App's token that GitHub no longer knows is made anew, once.
    func call(
        _ method: String, _ repository: GitHubPath, _ path: String = "", body: JSONValue? = nil, to task: String,
        hint: String
    ) async throws -> ForgeClient.Answer {
        let token = try await tokens.token(for: repository)
        let path = repository.path + path
        var answer = try await client.exchange(method, path, headers: Self.headers(token.text), body: body)
        if answer.status == 401, let renewed = try await tokens.token(for: repository, insteadOf: token) {
            answer = try await client.exchange(method, path, headers: Self.headers(renewed.text), body: body)
        }
        guard answer.isSuccess else { throw client.error(answer, task, hint: hint) }
        return answer
    }

    // MARK: Statuses

    /// Posts a status. GitHub keeps every one and shows the newest, so a repeated one is accepted again.
    public func post(
        _ status: CommitStatus, to repository: RepositoryReference, in group: StatusGroup?
    ) async throws -> StatusAnswer {
        try status.checkCommit()
        var body: [String: JSONValue] = [
            "state": .string(status.state.rawValue), "context": .string(try status.boundedContext()),
            "description": .string(status.boundedText),
        ]
        body["target_url"] = status.targetURL.map(JSONValue.string)
        _ = try await call(
            "POST", GitHubPath(repository.name), "/statuses/\(status.commit)", body: .object(body),
            to: "post a status on \(status.commit.prefix(7)) of \(repository.name)",
            hint: "Give the credential the permission Commit statuses: write (classic tokens: repo:status).")
        return .accepted
    }

    // MARK: Reading

    /// The repository at `owner/name`.
    public func repository(at path: String) async throws -> RepositoryReference {
        try await describe(GitHubPath(path), hint: "Check the path, and give the credential access to it.")
    }

    /// The repository of that number, which stays when owner or name change.
    public func repository(numbered remoteID: Int64) async throws -> RepositoryReference {
        try await describe(GitHubPath(numbered: remoteID), hint: "Give the credential access to it.")
    }

    private func describe(_ repository: GitHubPath, hint: String) async throws -> RepositoryReference {
        let task = "describe \(repository.text)"
        let answer = try await call("GET", repository, to: task, hint: hint)
        guard let id = answer.body?["id"]?.whole, let name = answer.body?["full_name"]?.text,
            let address = answer.body?["clone_url"]?.text
        else { throw client.unreadable(task) }
        return RepositoryReference(
            forge: forge, remoteID: id, name: name, cloneURL: address,
            defaultBranch: answer.body?["default_branch"]?.text ?? "")
    }

    /// The pull request of that number.
    public func pullRequest(_ number: Int64, of repository: RepositoryReference) async throws -> PullRequest {
        let task = "describe pull request \(number) of \(repository.name)"
        let answer = try await call(
            "GET", GitHubPath(repository.name), "/pulls/\(number)", to: task,
            hint: "Give the credential the permission Pull requests: read.")
        do {
            let wrapped = try PayloadFields(["pull_request": answer.body ?? .null])
            let request = try GitHubPayload.pullRequest(in: wrapped, baseRepositoryID: repository.remoteID)
            guard request.baseRepositoryID == repository.remoteID, request.number == number else {
                throw client.unreadable(task)
            }
            return request
        } catch let error as ForgeError where error.code == .unreadablePayload {
            throw client.unreadable(task, cause: error)
        }
    }

    /// The account's role. GitHub is asked by name, and the number in its answer has to be the account's.
    public func role(of account: Event.Actor, in repository: RepositoryReference) async throws -> AccountRole {
        guard let id = account.remoteID else { return .none }
        let task = "tell what \(account.name) may do in \(repository.name)"
        let answer: ForgeClient.Answer
        do {
            answer = try await call(
                "GET", GitHubPath(repository.name),
                "/collaborators/\(account.name.urlSegment)/permission", to: task,
                hint: "Give the credential the permission Metadata: read and access as a collaborator.")
        } catch let error as ForgeError where error.code == .notFound {
            return .none
        }
        guard answer.body?["user"]?["id"]?.whole == id else { return .none }
        // `role_name` may be an organization's own; `permission` is the built-in right below it.
        if answer.body?["role_name"]?.text == "maintain" { return .maintain }
        return switch answer.body?["permission"]?.text {
        case "admin": .maintain
        case "write": .write
        case "read": .read
        default: .none
        }
    }

    /// All branches, page by page.
    public func branchHeads(of repository: RepositoryReference) async throws -> [BranchHead] {
        let task = "list the branches of \(repository.name)"
        return try await Paging.all(
            of: client, to: task,
            read: { entry in
                guard let name = entry["name"]?.text, let commit = entry["commit"]?["sha"]?.text else { return nil }
                return BranchHead(name: name, commit: commit, isProtected: entry["protected"]?.flag ?? false)
            },
            page: { page in
                try await call(
                    "GET", GitHubPath(repository.name), "/branches?per_page=\(Paging.pageSize)&page=\(page)", to: task,
                    hint: "Give the credential the permission Contents: read.")
            })
    }

    /// Whether a branch has protection or a ruleset. GitHub no longer protects tags by name: they are not protected.
    public func isProtected(_ ref: String, of repository: RepositoryReference) async throws -> Bool {
        guard ref.hasPrefix("refs/heads/") else { return false }
        let branch = String(ref.dropFirst("refs/heads/".count))
        do {
            let answer = try await call(
                "GET", GitHubPath(repository.name), "/branches/\(branch.urlSegment)",
                to: "describe a branch of \(repository.name)",
                hint: "Give the credential the permission Contents: read.")
            return answer.body?["protected"]?.flag ?? false
        } catch let error as ForgeError where error.code == .notFound {
            return false
        }
    }

    /// With an App, a token made for this call that can only read this repository; else the configured login.
    public func cloneCredential(for repository: RepositoryReference) async throws -> CloneCredential? {
        if let minted = try await tokens.cloneToken(for: GitHubPath(repository.name), number: repository.remoteID) {
            return CloneCredential(user: "x-access-token", password: minted.text, expiresAt: minted.expiresAt)
        }
        return cloneLogin.map { CloneCredential(user: $0.user, password: $0.password, expiresAt: nil) }
    }
}
