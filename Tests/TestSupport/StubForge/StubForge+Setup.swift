import Foundation
import Forges

/// What tests and the command put on the forge before they work with it.
extension StubForge {
    /// Makes an account, or gives the one of that name.
    @discardableResult
    public func createAccount(_ name: String) -> StubAccount {
        change { state in
            if let known = state.account(name) { return known }
            let account = StubAccount(id: state.nextID(), name: name)
            state.accounts.append(account)
            return account
        }
    }

    /// Gives an account a token for git and the API.
    /// - Parameters:
    ///   - mayWrite: whether pushes and API writes are allowed.
    ///   - lifetime: in seconds; nil for ever.
    public func createToken(
        for name: String, text: String = "stub-\(UUID().uuidString)", mayWrite: Bool = true, lifetime: Double? = nil
    ) -> String {
        let account = createAccount(name)
        change {
            $0.credentials[text] = StubCredential(
                account: account, mayWrite: mayWrite, expiry: lifetime.map { Date(timeIntervalSinceNow: $0) })
        }
        return text
    }

    /// Makes a token invalid at once.
    public func revokeToken(_ text: String) { change { $0.credentials[text] = nil } }

    /// Makes a repository at `owner/name` with an empty bare repository behind it; its owner administers it.
    @discardableResult
    public func createRepository(
        _ path: String, defaultBranch: String = "main", isPrivate: Bool = true, forkOf original: String? = nil
    ) async throws -> StubRepository {
        let parts = path.split(separator: "/")
        guard parts.count == 2, !path.contains("..") else { throw StubForgeError("\(path) is not owner/name") }
        let folder = folder + "/" + path + ".git"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let git = try await GitFolder.make(at: folder, defaultBranch: defaultBranch)
        var originalID: Int64?
        if let original {
            originalID = try repository(original).id
            try await git.git(["fetch", "--quiet", gitFolder(original).path, "+refs/*:refs/*"])
        }
        let owner = createAccount(String(parts[0]))
        return try change { state in
            guard state.index(ofRepository: path) == nil else { throw StubForgeError("\(path) is there already") }
            var repository = StubRepository(id: state.nextID(), path: path, owner: owner)
            repository.defaultBranch = defaultBranch
            repository.protectedBranches = [defaultBranch]
            repository.isPrivate = isPrivate
            repository.forkOf = originalID
            repository.roles = [owner.id: .admin]
            state.repositories.append(repository)
            return repository
        }
    }

    /// The repository at a path.
    public func repository(_ path: String) throws -> StubRepository {
        try read { state in
            guard let index = state.index(ofRepository: path) else { throw StubForgeError("no repository \(path)") }
            return state.repositories[index]
        }
    }

    /// Gives a repository another path. The old one leads on to it, as on GitHub.
    public func renameRepository(_ path: String, to new: String) throws {
        let target = "\(folder)/\(new).git"
        try FileManager.default.createDirectory(
            at: URL(filePath: target).deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: "\(folder)/\(path).git", toPath: target)
        try changeRepository(path) { repository in
            repository.formerPaths.append(path)
            repository.path = new
        }
    }

    /// Begins a pipeline of GitLab's own for a commit: statuses that name none go there from now on.
    /// - Returns: its number.
    @discardableResult
    public func beginPipeline(for commit: String, ref: String, in path: String) throws -> Int64 {
        let repository = try repository(path)
        return change { state in
            let pipeline = StubPipeline(id: state.nextID(), repository: repository.id, commit: commit, ref: ref)
            state.pipelines.append(pipeline)
            return pipeline.id
        }
    }

    /// Changes a repository's settings: roles, protected branches, visibility.
    public func changeRepository(_ path: String, _ body: (inout StubRepository) -> Void) throws {
        try change { state in
            guard let index = state.index(ofRepository: path) else { throw StubForgeError("no repository \(path)") }
            body(&state.repositories[index])
        }
    }

    /// Where git finds the repository, without a credential.
    public func cloneURL(_ path: String) -> String { "\(url)/\(path).git" }

    /// Where git finds the repository, with a token in the address: for a test's own git only.
    public func cloneURL(_ path: String, token: String) -> String {
        cloneURL(path).replacing("http://", with: "http://x-access-token:\(token)@", maxReplacements: 1)
    }

    /// Registers a webhook without the API, and without a ping.
    /// - Parameters:
    ///   - secret: GitHub's secret, or GitLab's token in clear.
    ///   - signingToken: GitLab's signing token, `whsec_…`.
    /// - Returns: the hook's number.
    @discardableResult
    public func addHook(
        to path: String, url: String, secret: String? = nil, signingToken: String? = nil,
        events: Set<String>? = nil
    ) throws -> Int64 {
        let standard: Set<String> =
            kind == .github
            ? ["push", "pull_request", "create", "delete", "issue_comment"]
            : ["push", "tag_push", "merge_request", "note"]
        return try change { state in
            guard let index = state.index(ofRepository: path) else { throw StubForgeError("no repository \(path)") }
            let hook = StubHook(
                id: state.nextID(), url: url, secret: secret, signingToken: signingToken, events: events ?? standard)
            state.repositories[index].hooks.append(hook)
            return hook.id
        }
    }

    /// Makes the forge know a GitHub App, with one installation for all repositories.
    /// - Parameter publicKey: its key in PEM (`openssl rsa -pubout`).
    public func installApp(id: String, publicKey: String) -> Int64 {
        change { state in
            let installation = state.nextID()
            state.app = StubApp(id: id, installation: installation, publicKey: publicKey)
            return installation
        }
    }

    func gitFolder(_ path: String) -> GitFolder { GitFolder(path: "\(folder)/\(path).git") }

    /// Opens a pull request or merge request and announces it.
    /// - Parameters:
    ///   - head: the branch to merge; in `fork` where that is given.
    ///   - fork: the path of a fork.
    @discardableResult
    public func openPullRequest(
        in path: String, from head: String, to base: String? = nil, fork: String? = nil, by name: String? = nil,
        title: String = "A change", isDraft: Bool = false
    ) async throws -> StubPullRequest {
        let target = try repository(path)
        let source = try fork.map { try repository($0) } ?? target
        let baseBranch = base ?? target.defaultBranch
        guard let headCommit = try await gitFolder(source.path).commit("refs/heads/" + head) else {
            throw StubForgeError("\(source.path) has no branch \(head)")
        }
        guard let baseCommit = try await gitFolder(path).commit("refs/heads/" + baseBranch) else {
            throw StubForgeError("\(path) has no branch \(baseBranch)")
        }
        let author = createAccount(name ?? source.owner.name)
        let request = try change { state in
            guard let index = state.index(ofRepository: path) else { throw StubForgeError("no repository \(path)") }
            let request = StubPullRequest(
                number: Int64(state.repositories[index].requests.count + 1), id: state.nextID(), author: author,
                title: title, headBranch: head, headRepository: source.id, headCommit: headCommit,
                baseBranch: baseBranch, baseCommit: baseCommit, isDraft: isDraft)
            state.repositories[index].requests.append(request)
            return request
        }
        try await publishHead(of: request, in: path, from: source.path)
        try await announce(request, in: target.id, action: .opened)
        return request
    }

    /// Both forges keep the head of a request, a fork's as well, under a ref of the target repository.
    func publishHead(of request: StubPullRequest, in path: String, from source: String) async throws {
        let ref = kind == .github ? "refs/pull/\(request.number)/head" : "refs/merge-requests/\(request.number)/head"
        try await gitFolder(path).git([
            "fetch", "--quiet", gitFolder(source).path, "+refs/heads/\(request.headBranch):\(ref)",
        ])
    }
}
