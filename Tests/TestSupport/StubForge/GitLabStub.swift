import Foundation
import Forges

/// GitLab's REST operations, carried out on the stub.
enum GitLabStub {
    /// Every operation the stub knows.
    static let routes: [APIRoute] = projectRoutes + statusRoutes + requestRoutes + hookRoutes

    /// Hands a handler the project that the path names by number or encoded path.
    static func on(
        _ method: String, _ path: String,
        _ handler: @escaping @Sendable (StubForge, APICall, StubRepository) async throws -> APIAnswer
    ) -> APIRoute {
        APIRoute(method, "/api/v4/projects/{id}" + path) { forge, call in
            guard let repository = try? forge.repository(call["id"]),
                call.credential.repositories?.contains(repository.id) ?? true
            else { return .refused(404, "404 Project Not Found") }
            return try await handler(forge, call, repository)
        }
    }

    // MARK: Project

    private static let projectRoutes = [
        on("GET", "") { forge, call, repository in
            var project = GitLabShapes(forge: forge).project(repository)
            if case .object(var members) = project {
                let level = accessLevel(repository.roles[call.credential.account.id] ?? .none)
                members["permissions"] = ["project_access": ["access_level": .integer(level)], "group_access": .null]
                project = .object(members)
            }
            return .ok(project)
        },
        on("GET", "/repository/branches") { forge, call, repository in
            let branches = try await forge.gitFolder(repository.path).branches()
            return .ok(.array(call.page(of: branches).map { branch($0.name, $0.commit, repository) }))
        },
        on("GET", "/repository/branches/{branch}") { forge, call, repository in
            guard let commit = try await forge.gitFolder(repository.path).commit("refs/heads/" + call["branch"]) else {
                return .refused(404, "404 Branch Not Found")
            }
            return .ok(branch(call["branch"], commit, repository))
        },
        on("GET", "/repository/tags/{tag}") { forge, call, repository in
            guard let commit = try await forge.gitFolder(repository.path).commit("refs/tags/" + call["tag"]) else {
                return .refused(404, "404 Tag Not Found")
            }
            return .ok(["name": .string(call["tag"]), "commit": ["id": .string(commit)], "protected": false])
        },
        on("GET", "/repository/files/{path}/raw") { forge, call, repository in
            guard let (_, bytes) = try await file(forge, call, repository) else {
                return .refused(404, "404 File Not Found")
            }
            return APIAnswer(status: 200, raw: (bytes, "text/plain"))
        },
        on("GET", "/repository/files/{path}") { forge, call, repository in
            guard let (commit, bytes) = try await file(forge, call, repository) else {
                return .refused(404, "404 File Not Found")
            }
            let blob = try await forge.gitFolder(repository.path).git(["rev-parse", "\(commit):\(call["path"])"])
            return .ok([
                "file_name": .string(String(call["path"].split(separator: "/").last ?? "")),
                "file_path": .string(call["path"]), "size": .integer(Int64(bytes.count)), "encoding": "base64",
                "content": .string(Data(bytes).base64EncodedString()), "ref": .optional(call.query["ref"]),
                "blob_id": .string(blob.trimmingCharacters(in: .newlines)), "commit_id": .string(commit),
                "last_commit_id": .string(commit),
            ])
        },
        on("GET", "/members/all/{user}") { forge, call, repository in member(forge, call, repository) },
        on("GET", "/members/{user}") { forge, call, repository in member(forge, call, repository) },
        APIRoute("GET", "/api/v4/user") { forge, call in .ok(GitLabShapes(forge: forge).user(call.credential.account))
        },
        APIRoute("GET", "/api/v4/version") { _, _ in .ok(["version": "19.1.0", "revision": "stub"]) },
    ]

    private static func branch(_ name: String, _ commit: String, _ repository: StubRepository) -> JSONValue {
        [
            "name": .string(name), "commit": ["id": .string(commit)],
            "protected": .bool(repository.protectedBranches.contains(name)),
            "default": .bool(name == repository.defaultBranch),
        ]
    }

    private static func file(
        _ forge: StubForge, _ call: APICall, _ repository: StubRepository
    ) async throws -> (commit: String, bytes: [UInt8])? {
        let git = forge.gitFolder(repository.path)
        guard let commit = try await git.commit(call.query["ref"] ?? "HEAD"),
            let text = try await git.output(["cat-file", "blob", "\(commit):\(call["path"])"])
        else { return nil }
        return (commit, Array(text.utf8))
    }

    private static func accessLevel(_ role: StubRole) -> Int64 {
        switch role {
        case .none: 0
        case .read: 20
        case .triage, .write: 30
        case .maintain: 40
        case .admin: 50
        }
    }

    private static func member(_ forge: StubForge, _ call: APICall, _ repository: StubRepository) -> APIAnswer {
        guard let account = forge.read({ $0.account(call["user"]) }), let role = repository.roles[account.id],
            role != .none, case .object(var members) = GitLabShapes(forge: forge).user(account)
        else { return .refused(404, "404 Not found") }
        members["access_level"] = .integer(accessLevel(role))
        members["expires_at"] = .null
        return .ok(.object(members))
    }

    // MARK: Statuses

    private static let statusRoutes = [
        on("POST", "/statuses/{sha}") { forge, call, repository in
            guard let wanted = call.body?["state"]?.text else { return .refused(400, "State is required") }
            guard ["pending", "running", "success", "failed", "canceled", "skipped"].contains(wanted) else {
                return .refused(400, "state does not have a valid value")
            }
            for field in ["description", "target_url", "ref"] where (call.body?[field]?.text?.count ?? 0) > 255 {
                return .refused(400, "\(field) is too long (maximum is 255 characters)")
            }
            guard try await forge.gitFolder(repository.path).commit(call["sha"]) == call["sha"] else {
                return .refused(404, "404 Commit Not Found")
            }
            return forge.change { $0.postGitLabStatus(wanted, call, repository) }
                .map { .created(GitLabShapes(forge: forge).status($0, by: call.credential.account)) }
                .recovered
        },
        on("GET", "/repository/commits/{sha}/statuses") { forge, call, repository in
            var found = forge.record.statuses.filter {
                $0.repositoryID == repository.id && $0.commit == call["sha"]
                    && (call.query["name"] == nil || call.query["name"] == $0.context)
            }
            if call.query["all"] != "true" {
                // Only the newest of each name, as GitLab shows them.
                var seen: Set<String> = []
                found = found.reversed().filter { seen.insert($0.context).inserted }.reversed()
            }
            let shapes = GitLabShapes(forge: forge)
            return .ok(.array(call.page(of: found).map { shapes.status($0, by: call.credential.account) }))
        },
    ]

    // MARK: Merge requests and notes

    private static let requestRoutes = [
        on("GET", "/merge_requests") { forge, call, repository in
            let wanted = call.query["state"] ?? "all"
            let found = repository.requests.filter { wanted == "all" || ($0.state == "open") == (wanted == "opened") }
            return .ok(.array(call.page(of: found).map { GitLabShapes(forge: forge).mergeRequest($0, repository) }))
        },
        on("GET", "/merge_requests/{iid}") { forge, call, repository in
            guard let request = repository.requests.first(where: { $0.number == call.number("iid") }) else {
                return .refused(404, "404 Not found")
            }
            return .ok(GitLabShapes(forge: forge).mergeRequest(request, repository))
        },
        on("GET", "/merge_requests/{iid}/diffs") { forge, call, repository in
            guard let request = repository.requests.first(where: { $0.number == call.number("iid") }) else {
                return .refused(404, "404 Not found")
            }
            let names = try await forge.gitFolder(repository.path)
                .git(["diff", "--name-only", "-z", "\(request.baseCommit)...\(request.headCommit)"])
                .split(separator: "\0").map(String.init)
            return .ok(
                .array(
                    call.page(of: names).map {
                        [
                            "old_path": .string($0), "new_path": .string($0), "new_file": false, "renamed_file": false,
                            "deleted_file": false, "diff": "",
                        ]
                    }))
        },
        on("GET", "/merge_requests/{iid}/notes") { forge, call, repository in
            let notes = repository.comments.filter { $0.request == call.number("iid") }
            return .ok(.array(call.page(of: notes).map { GitLabShapes(forge: forge).note($0, repository) }))
        },
        on("POST", "/merge_requests/{iid}/notes") { forge, call, repository in
            guard repository.requests.contains(where: { $0.number == call.number("iid") }) else {
                return .refused(404, "404 Not found")
            }
            let note = forge.addComment(
                call.body?["body"]?.text ?? "", on: call.number("iid"), in: repository.id, by: call.credential.account)
            return .created(GitLabShapes(forge: forge).note(note, repository))
        },
        on("PUT", "/merge_requests/{iid}/notes/{note}") { forge, call, repository in
            let text = call.body?["body"]?.text ?? ""
            guard let note = forge.editComment(call.number("note"), text: text, in: repository.id) else {
                return .refused(404, "404 Note Not Found")
            }
            return .ok(GitLabShapes(forge: forge).note(note, repository))
        },
    ]
}
