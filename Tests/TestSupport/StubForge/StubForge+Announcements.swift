import Foundation
import Forges

/// What happened on the forge, told to its webhooks in the payloads of the real forges.
extension StubForge {
    /// How many commits a push lists: GitHub 2048, GitLab 20.
    private var commitLimit: Int { kind == .github ? 2_048 : 20 }

    func announce(_ push: StubPush, to id: Int64) async throws {
        guard let repository = read({ $0.repository(id) }) else { return }
        let git = gitFolder(repository.path)
        let tip = push.isGone ? nil : try await git.commit(push.after)
        var commits: [GitFolder.Commit] = []
        if let tip, !push.isTag {
            let range = push.isNew ? tip : "\(push.before)..\(tip)"
            commits = try await git.commits(range, limit: commitLimit)
        }
        let head = if let tip { try await git.commits(tip, limit: 1).last } else { GitFolder.Commit?.none }
        var isForced = false
        if !push.isTag, !push.isNew, !push.isGone {
            isForced = try await git.output(["merge-base", "--is-ancestor", push.before, push.after]) == nil
        }
        switch kind {
        case .github:
            let shapes = GitHubShapes(forge: self)
            let body = shapes.push(push, repository, commits: commits, head: head, isForced: isForced)
            announce(event: "push", wanted: "push", to: id, body: body)
            if push.isNew || push.isGone {
                let event = push.isNew ? "create" : "delete"
                announce(event: event, wanted: event, to: id, body: shapes.refChange(push, repository))
            }
        case .gitlab:
            let body = GitLabShapes(forge: self).push(push, repository, tip: tip, commits: commits)
            announce(
                event: push.isTag ? "Tag Push Hook" : "Push Hook", wanted: push.isTag ? "tag_push" : "push", to: id,
                body: body)
        case .git: break
        }
        if !push.isTag, let tip { try await moveHeads(of: push.name, in: repository, to: tip) }
    }

    /// A push to a branch that is the head of open requests, also in a fork's target, moves them.
    private func moveHeads(of branch: String, in source: StubRepository, to commit: String) async throws {
        let targets = read { state in
            state.repositories.flatMap { target in
                target.requests.filter {
                    $0.state == "open" && $0.headBranch == branch && $0.headRepository == source.id
                        && $0.headCommit != commit
                }.map { (target, $0) }
            }
        }
        for (target, request) in targets {
            var moved = request
            moved.headCommit = commit
            update(moved, in: target.id)
            try await publishHead(of: moved, in: target.path, from: source.path)
            try await announce(moved, in: target.id, action: .synchronize, before: request.headCommit)
        }
    }

    func announce(
        _ request: StubPullRequest, in id: Int64, action: RequestAction, before: String? = nil
    ) async throws {
        guard let repository = read({ $0.repository(id) }) else { return }
        switch kind {
        case .github:
            let body = GitHubShapes(forge: self).pullRequestEvent(request, repository, action, before: before)
            announce(event: "pull_request", wanted: "pull_request", action: action.rawValue, to: id, body: body)
        case .gitlab:
            let head = try await gitFolder(repository.path).commits(request.headCommit, limit: 1).last
            let body = GitLabShapes(forge: self).mergeRequestEvent(
                request, repository, action, head: head, before: before)
            announce(event: "Merge Request Hook", wanted: "merge_request", to: id, body: body)
        case .git: break
        }
    }

    /// Closes a request, or opens it again, and announces that.
    public func setPullRequest(_ number: Int64, in path: String, open isOpen: Bool) async throws {
        let repository = try repository(path)
        guard var request = repository.requests.first(where: { $0.number == number }) else {
            throw StubForgeError("\(path) has no request \(number)")
        }
        request.state = isOpen ? "open" : "closed"
        update(request, in: repository.id)
        try await announce(request, in: repository.id, action: isOpen ? .reopened : .closed)
    }

    /// Writes a comment as somebody, and announces it.
    public func comment(_ text: String, on number: Int64, in path: String, by name: String) throws {
        let author = createAccount(name)
        let repository = try repository(path)
        guard let request = repository.requests.first(where: { $0.number == number }) else {
            throw StubForgeError("\(path) has no request \(number)")
        }
        let comment = addComment(text, on: number, in: repository.id, by: author)
        switch kind {
        case .github:
            let body = GitHubShapes(forge: self).commentEvent(comment, request, repository)
            announce(event: "issue_comment", wanted: "issue_comment", action: "created", to: repository.id, body: body)
        case .gitlab:
            let body = GitLabShapes(forge: self).noteEvent(comment, request, repository)
            announce(event: "Note Hook", wanted: "note", to: repository.id, body: body)
        case .git: break
        }
    }

    func addComment(_ text: String, on number: Int64, in id: Int64, by author: StubAccount) -> StubComment {
        change { state in
            let comment = StubComment(
                id: state.nextID(), request: number, author: author, body: text, createdAt: Date(), updatedAt: Date())
            if let index = state.repositories.firstIndex(where: { $0.id == id }) {
                state.repositories[index].comments.append(comment)
            }
            state.record.comments.append(
                ForgeRecord.Comment(
                    id: comment.id, repositoryID: id, request: number, author: author.name, body: text))
            return comment
        }
    }

    /// Changes a comment's text; nil where there is none of that number.
    func editComment(_ comment: Int64, text: String, in id: Int64) -> StubComment? {
        change { state in
            guard let at = state.repositories.firstIndex(where: { $0.id == id }),
                let index = state.repositories[at].comments.firstIndex(where: { $0.id == comment })
            else { return nil }
            state.repositories[at].comments[index].body = text
            state.repositories[at].comments[index].updatedAt = Date()
            if let kept = state.record.comments.firstIndex(where: { $0.id == comment }) {
                state.record.comments[kept].body = text
                state.record.comments[kept].edits += 1
            }
            return state.repositories[at].comments[index]
        }
    }

    private func update(_ request: StubPullRequest, in id: Int64) {
        change { state in
            guard let at = state.repositories.firstIndex(where: { $0.id == id }),
                let index = state.repositories[at].requests.firstIndex(where: { $0.number == request.number })
            else { return }
            state.repositories[at].requests[index] = request
        }
    }
}
