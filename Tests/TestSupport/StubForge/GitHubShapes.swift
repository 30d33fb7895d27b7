import FoundationEssentials
import Forges

/// GitHub's JSON for what the stub knows.
struct GitHubShapes {
    let forge: StubForge

    private var url: String { forge.url }

    func user(_ account: StubAccount) -> JSONValue {
        [
            "login": .string(account.name), "id": .integer(account.id), "node_id": .string("U_\(account.id)"),
            "avatar_url": "", "gravatar_id": "", "url": .string("\(url)/users/\(account.name)"),
            "html_url": .string("\(url)/\(account.name)"), "type": "User", "site_admin": false,
        ]
    }

    func repository(_ repository: StubRepository) -> JSONValue {
        let api = "\(url)/repos/\(repository.path)"
        return [
            "id": .integer(repository.id), "node_id": .string("R_\(repository.id)"), "name": .string(repository.name),
            "full_name": .string(repository.path), "owner": user(repository.owner),
            "private": .bool(repository.isPrivate), "visibility": repository.isPrivate ? "private" : "public",
            "html_url": .string("\(url)/\(repository.path)"), "description": .null,
            "fork": .bool(repository.forkOf != nil), "url": .string(api),
            "clone_url": .string("\(url)/\(repository.path).git"), "git_url": .string("\(url)/\(repository.path).git"),
            "ssh_url": .string("git@127.0.0.1:\(repository.path).git"),
            "statuses_url": .string(api + "/statuses/{sha}"), "hooks_url": .string(api + "/hooks"),
            "default_branch": .string(repository.defaultBranch), "archived": false, "disabled": false,
        ]
    }

    private func commit(_ commit: GitFolder.Commit, _ repository: StubRepository) -> JSONValue {
        let person: JSONValue = ["name": .string(commit.author), "email": .string(commit.email)]
        return [
            "id": .string(commit.id), "tree_id": .string(commit.tree), "distinct": true,
            "message": .string(commit.message), "timestamp": .string(commit.time),
            "url": .string("\(url)/\(repository.path)/commit/\(commit.id)"), "author": person, "committer": person,
            "added": .array(commit.added.map(JSONValue.string)),
            "removed": .array(commit.removed.map(JSONValue.string)),
            "modified": .array(commit.modified.map(JSONValue.string)),
        ]
    }

    func push(
        _ push: StubPush, _ repository: StubRepository, commits: [GitFolder.Commit], head: GitFolder.Commit?,
        isForced: Bool
    ) -> JSONValue {
        [
            "ref": .string(push.ref), "before": .string(push.before), "after": .string(push.after),
            "created": .bool(push.isNew), "deleted": .bool(push.isGone), "forced": .bool(isForced), "base_ref": .null,
            "compare": .string(
                "\(url)/\(repository.path)/compare/\(push.before.prefix(12))...\(push.after.prefix(12))"),
            "commits": .array(commits.map { commit($0, repository) }),
            "head_commit": head.map { commit($0, repository) } ?? .null, "repository": self.repository(repository),
            "pusher": ["name": .string(push.by.name), "email": .string("\(push.by.name)@example.com")],
            "sender": user(push.by),
        ]
    }

    func refChange(_ push: StubPush, _ repository: StubRepository) -> JSONValue {
        [
            "ref": .string(push.name), "ref_type": push.isTag ? "tag" : "branch",
            "master_branch": .string(repository.defaultBranch), "description": .null, "pusher_type": "user",
            "repository": self.repository(repository), "sender": user(push.by),
        ]
    }

    func ping(_ hook: StubHook, _ repository: StubRepository) -> JSONValue {
        [
            "zen": "Keep it logically awesome.", "hook_id": .integer(hook.id), "hook": self.hook(hook, repository),
            "repository": self.repository(repository), "sender": user(repository.owner),
        ]
    }

    func hook(_ hook: StubHook, _ repository: StubRepository) -> JSONValue {
        let api = "\(url)/repos/\(repository.path)/hooks/\(hook.id)"
        var config: JSONValue = ["url": .string(hook.url), "content_type": "json", "insecure_ssl": "0"]
        if hook.secret != nil, case .object(var members) = config {
            members["secret"] = "********"
            config = .object(members)
        }
        return [
            "type": "Repository", "id": .integer(hook.id), "name": "web", "active": .bool(hook.isActive),
            "events": .array(hook.events.sorted().map(JSONValue.string)), "config": config, "url": .string(api),
            "test_url": .string(api + "/test"), "ping_url": .string(api + "/pings"),
            "deliveries_url": .string(api + "/deliveries"), "created_at": .time(Date()), "updated_at": .time(Date()),
            "last_response": ["code": .null, "status": "unused", "message": .null],
        ]
    }

    func pullRequest(_ request: StubPullRequest, _ repository: StubRepository) -> JSONValue {
        let api = "\(url)/repos/\(repository.path)/pulls/\(request.number)"
        let head = forge.read { $0.repository(request.headRepository) } ?? repository
        func side(_ repository: StubRepository, _ branch: String, _ commit: String) -> JSONValue {
            [
                "label": .string("\(repository.owner.name):\(branch)"), "ref": .string(branch), "sha": .string(commit),
                "user": user(repository.owner), "repo": self.repository(repository),
            ]
        }
        return [
            "url": .string(api), "id": .integer(request.id), "node_id": .string("PR_\(request.id)"),
            "html_url": .string("\(url)/\(repository.path)/pull/\(request.number)"),
            "number": .integer(request.number), "state": .string(request.state == "open" ? "open" : "closed"),
            "locked": false, "title": .string(request.title), "user": user(request.author), "body": .null,
            "labels": .array(request.labels.map { ["name": .string($0)] }), "draft": .bool(request.isDraft),
            "merged": .bool(request.state == "merged"), "mergeable": .null, "created_at": .time(Date()),
            "updated_at": .time(Date()), "merge_commit_sha": .null,
            "head": side(head, request.headBranch, request.headCommit),
            "base": side(repository, request.baseBranch, request.baseCommit),
            "author_association": head.id == repository.id ? "COLLABORATOR" : "NONE",
        ]
    }

    func pullRequestEvent(
        _ request: StubPullRequest, _ repository: StubRepository, _ action: RequestAction, before: String?
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "action": .string(action.rawValue), "number": .integer(request.number),
            "pull_request": pullRequest(request, repository), "repository": self.repository(repository),
            "sender": user(request.author),
        ]
        if let before {
            members["before"] = .string(before)
            members["after"] = .string(request.headCommit)
        }
        return .object(members)
    }

    func comment(_ comment: StubComment, _ repository: StubRepository) -> JSONValue {
        let api = "\(url)/repos/\(repository.path)/issues"
        return [
            "id": .integer(comment.id), "node_id": .string("IC_\(comment.id)"),
            "url": .string("\(api)/comments/\(comment.id)"), "issue_url": .string("\(api)/\(comment.request)"),
            "html_url": .string("\(url)/\(repository.path)/pull/\(comment.request)#issuecomment-\(comment.id)"),
            "user": user(comment.author), "body": .string(comment.body), "created_at": .time(comment.createdAt),
            "updated_at": .time(comment.updatedAt), "author_association": "COLLABORATOR",
        ]
    }

    func commentEvent(_ comment: StubComment, _ request: StubPullRequest, _ repository: StubRepository) -> JSONValue {
        [
            "action": "created",
            "issue": [
                "number": .integer(request.number), "title": .string(request.title),
                "state": .string(request.state), "user": user(request.author),
                "pull_request": ["url": .string("\(url)/repos/\(repository.path)/pulls/\(request.number)")],
            ],
            "comment": self.comment(comment, repository), "repository": self.repository(repository),
            "sender": user(comment.author),
        ]
    }

    func status(_ status: ForgeRecord.Status, _ repository: StubRepository, by account: StubAccount) -> JSONValue {
        [
            "url": .string("\(url)/repos/\(repository.path)/statuses/\(status.commit)"), "avatar_url": "",
            "id": .integer(status.id), "node_id": .string("SC_\(status.id)"), "state": .string(status.state),
            "description": .string(status.description), "target_url": .optional(status.targetURL),
            "context": .string(status.context), "created_at": .time(status.receivedAt),
            "updated_at": .time(status.receivedAt), "creator": user(account),
        ]
    }

    func delivery(_ delivery: ForgeRecord.Delivery) -> JSONValue {
        [
            "id": .integer(delivery.id), "guid": .string(delivery.guid), "delivered_at": .time(delivery.at),
            "redelivery": .bool(delivery.isRedelivery), "duration": .number(delivery.seconds),
            "status": .string(
                delivery.answer == 0 ? "failed to connect" : delivery.answer < 400 ? "OK" : "Invalid HTTP Response"),
            "status_code": .integer(Int64(delivery.answer)), "event": .string(delivery.event),
            "action": .optional(delivery.action), "installation_id": .null,
            "repository_id": .integer(delivery.repositoryID), "throttled_at": .null,
        ]
    }
}
