import FoundationEssentials
import Forges

/// GitLab's JSON for what the stub knows.
struct GitLabShapes {
    let forge: StubForge

    private var url: String { forge.url }

    func user(_ account: StubAccount) -> JSONValue {
        [
            "id": .integer(account.id), "name": .string(account.name), "username": .string(account.name),
            "state": "active", "avatar_url": .null, "web_url": .string("\(url)/\(account.name)"),
            "email": "[REDACTED]",
        ]
    }

    /// The project as webhooks describe it.
    private func hookProject(_ repository: StubRepository) -> JSONValue {
        let web = "\(url)/\(repository.path)"
        let ssh = "git@127.0.0.1:\(repository.path).git"
        return [
            "id": .integer(repository.id), "name": .string(repository.name), "description": "", "web_url": .string(web),
            "avatar_url": .null, "git_ssh_url": .string(ssh), "git_http_url": .string(web + ".git"),
            "namespace": .string(repository.owner.name), "visibility_level": repository.isPrivate ? 0 : 20,
            "path_with_namespace": .string(repository.path), "default_branch": .string(repository.defaultBranch),
            "ci_config_path": "", "homepage": .string(web), "url": .string(ssh), "ssh_url": .string(ssh),
            "http_url": .string(web + ".git"),
        ]
    }

    /// The project as the API describes it.
    func project(_ repository: StubRepository) -> JSONValue {
        let web = "\(url)/\(repository.path)"
        return [
            "id": .integer(repository.id), "name": .string(repository.name), "path": .string(repository.name),
            "path_with_namespace": .string(repository.path), "default_branch": .string(repository.defaultBranch),
            "visibility": repository.isPrivate ? "private" : "public", "web_url": .string(web),
            "http_url_to_repo": .string(web + ".git"),
            "ssh_url_to_repo": .string("git@127.0.0.1:\(repository.path).git"), "archived": false,
            "only_allow_merge_if_pipeline_succeeds": false, "builds_access_level": "enabled", "ci_config_path": "",
            "namespace": ["full_path": .string(repository.owner.name), "kind": "user"],
        ]
    }

    private func repositoryBlock(_ repository: StubRepository) -> JSONValue {
        let web = "\(url)/\(repository.path)"
        return [
            "name": .string(repository.name), "url": .string("git@127.0.0.1:\(repository.path).git"),
            "description": "", "homepage": .string(web), "git_http_url": .string(web + ".git"),
            "git_ssh_url": .string("git@127.0.0.1:\(repository.path).git"),
            "visibility_level": repository.isPrivate ? 0 : 20,
        ]
    }

    private func commit(_ commit: GitFolder.Commit, _ repository: StubRepository) -> JSONValue {
        [
            "id": .string(commit.id), "message": .string(commit.message),
            "title": .string(commit.message.split(separator: "\n").first.map(String.init) ?? ""),
            "timestamp": .string(commit.time),
            "url": .string("\(url)/\(repository.path)/-/commit/\(commit.id)"),
            "author": ["name": .string(commit.author), "email": "[REDACTED]"],
            "added": .array(commit.added.map(JSONValue.string)),
            "modified": .array(commit.modified.map(JSONValue.string)),
            "removed": .array(commit.removed.map(JSONValue.string)),
        ]
    }

    func push(_ push: StubPush, _ repository: StubRepository, tip: String?, commits: [GitFolder.Commit]) -> JSONValue {
        let word: JSONValue = push.isTag ? "tag_push" : "push"
        return [
            "object_kind": word, "event_name": word, "before": .string(push.before), "after": .string(push.after),
            "ref": .string(push.ref), "ref_protected": .bool(repository.protectedBranches.contains(push.name)),
            "checkout_sha": .optional(tip), "message": .null, "user_id": .integer(push.by.id),
            "user_name": .string(push.by.name), "user_username": .string(push.by.name), "user_email": "",
            "user_avatar": .null, "project_id": .integer(repository.id), "project": hookProject(repository),
            "repository": repositoryBlock(repository), "commits": .array(commits.map { commit($0, repository) }),
            "total_commits_count": .integer(Int64(commits.count)), "push_options": [:],
        ]
    }

    func mergeRequest(_ request: StubPullRequest, _ repository: StubRepository) -> JSONValue {
        let state = ["open": "opened", "closed": "closed"][request.state] ?? "merged"
        return [
            "id": .integer(request.id), "iid": .integer(request.number), "project_id": .integer(repository.id),
            "title": .string(request.title), "state": .string(state), "draft": .bool(request.isDraft),
            "source_branch": .string(request.headBranch), "target_branch": .string(request.baseBranch),
            "source_project_id": .integer(request.headRepository), "target_project_id": .integer(repository.id),
            "sha": .string(request.headCommit), "author": user(request.author),
            "labels": .array(request.labels.map(JSONValue.string)),
            "diff_refs": [
                "base_sha": .string(request.baseCommit), "head_sha": .string(request.headCommit),
                "start_sha": .string(request.baseCommit),
            ],
            "web_url": .string("\(url)/\(repository.path)/-/merge_requests/\(request.number)"),
        ]
    }

    func mergeRequestEvent(
        _ request: StubPullRequest, _ repository: StubRepository, _ action: RequestAction, head: GitFolder.Commit?,
        before: String?
    ) -> JSONValue {
        let source = forge.read { $0.repository(request.headRepository) } ?? repository
        var attributes = mergeRequestAttributes(request, repository, source)
        attributes["action"] = .string(action.gitLab)
        attributes["last_commit"] = head.map { commit($0, source) } ?? .null
        // Only an update that brings new commits has it.
        if action == .synchronize { attributes["oldrev"] = .optional(before) }
        return [
            "object_kind": "merge_request", "event_type": "merge_request", "user": user(request.author),
            "project": hookProject(repository), "repository": repositoryBlock(repository),
            "object_attributes": .object(attributes), "labels": [], "changes": [:], "assignees": [], "reviewers": [],
        ]
    }

    private func mergeRequestAttributes(
        _ request: StubPullRequest, _ repository: StubRepository, _ source: StubRepository
    ) -> [String: JSONValue] {
        [
            "id": .integer(request.id), "iid": .integer(request.number),
            "target_branch": .string(request.baseBranch), "source_branch": .string(request.headBranch),
            "source_project_id": .integer(source.id), "target_project_id": .integer(repository.id),
            "author_id": .integer(request.author.id), "title": .string(request.title),
            "state": .string(["open": "opened", "closed": "closed"][request.state] ?? "merged"),
            "draft": .bool(request.isDraft), "work_in_progress": .bool(request.isDraft), "description": "",
            "merge_status": "unchecked", "detailed_merge_status": "checking",
            "url": .string("\(url)/\(repository.path)/-/merge_requests/\(request.number)"),
            "source": hookProject(source), "target": hookProject(repository),
        ]
    }

    func note(_ comment: StubComment, _ repository: StubRepository) -> JSONValue {
        [
            "id": .integer(comment.id), "type": .null, "body": .string(comment.body), "author": user(comment.author),
            "created_at": .time(comment.createdAt), "updated_at": .time(comment.updatedAt), "system": false,
            "noteable_type": "MergeRequest", "noteable_iid": .integer(comment.request),
            "project_id": .integer(repository.id), "resolvable": false, "internal": false,
        ]
    }

    func noteEvent(_ comment: StubComment, _ request: StubPullRequest, _ repository: StubRepository) -> JSONValue {
        let source = forge.read { $0.repository(request.headRepository) } ?? repository
        return [
            "object_kind": "note", "event_type": "note", "user": user(comment.author),
            "project_id": .integer(repository.id), "project": hookProject(repository),
            "repository": repositoryBlock(repository),
            "object_attributes": [
                "id": .integer(comment.id), "note": .string(comment.body), "noteable_type": "MergeRequest",
                "author_id": .integer(comment.author.id), "action": "create", "system": false,
                "project_id": .integer(repository.id),
            ],
            "merge_request": .object(mergeRequestAttributes(request, repository, source)),
        ]
    }

    func status(_ status: ForgeRecord.Status, by account: StubAccount) -> JSONValue {
        let isFinal = !["pending", "running"].contains(status.state)
        return [
            "id": .integer(status.id), "sha": .string(status.commit), "ref": .optional(status.ref),
            "status": .string(status.state), "name": .string(status.context),
            "target_url": .optional(status.targetURL), "description": .string(status.description),
            "created_at": .time(status.receivedAt), "started_at": .null,
            "finished_at": isFinal ? .time(status.receivedAt) : .null, "allow_failure": false, "coverage": .null,
            "pipeline_id": status.pipeline.map(JSONValue.integer) ?? .null, "author": user(account),
        ]
    }

    func hook(_ hook: StubHook, _ repository: StubRepository) -> JSONValue {
        [
            "id": .integer(hook.id), "url": .string(hook.url), "project_id": .integer(repository.id),
            "push_events": .bool(hook.events.contains("push")),
            "tag_push_events": .bool(hook.events.contains("tag_push")),
            "merge_requests_events": .bool(hook.events.contains("merge_request")),
            "note_events": .bool(hook.events.contains("note")), "enable_ssl_verification": true,
            "token_present": .bool(hook.secret != nil), "signing_token_present": .bool(hook.signingToken != nil),
            "alert_status": hook.disabledUntil == nil ? "executable" : "temporarily_disabled",
            "disabled_until": hook.disabledUntil.map { .time($0) } ?? .null, "created_at": .time(Date()),
        ]
    }
}
