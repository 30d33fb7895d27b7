import Forges
import Foundation

/// GitHub's REST operations, carried out on the stub.
enum GitHubStub {
    /// Every operation the stub knows.
    static let routes: [APIRoute] = repositoryRoutes + statusRoutes + requestRoutes + hookRoutes + appRoutes

    /// Hands a handler the repository that the path names.
    static func on(
        _ method: String, _ path: String,
        _ handler: @escaping @Sendable (StubForge, APICall, StubRepository) async throws -> APIAnswer
    ) -> APIRoute {
        APIRoute(method, "/repos/{owner}/{repo}" + path) { forge, call in
            let name = "\(call["owner"])/\(call["repo"])"
            if let moved = forge.read({ $0.repositories.first { $0.formerPaths.contains(name) } }) {
                let place = "\(forge.url)/repositories/\(moved.id)"
                return APIAnswer(
                    status: 301, body: ["message": "Moved Permanently", "url": .string(place)],
                    headers: [("Location", place)])
            }
            guard let repository = try? forge.repository(name),
                call.credential.repositories?.contains(repository.id) ?? true
            else { return .refused(404, "Not Found") }
            return try await handler(forge, call, repository)
        }
    }

    // MARK: Repository

    private static let repositoryRoutes = [
        on("GET", "") { forge, _, repository in .ok(GitHubShapes(forge: forge).repository(repository)) },
        APIRoute("GET", "/repositories/{id}") { forge, call in
            guard let repository = try? forge.repository(call["id"]) else { return .refused(404, "Not Found") }
            return .ok(GitHubShapes(forge: forge).repository(repository))
        },
        on("GET", "/branches") { forge, call, repository in
            let branches = try await forge.gitFolder(repository.path).branches()
            return .ok(.array(call.page(of: branches).map { branch($0.name, $0.commit, repository) }))
        },
        on("GET", "/branches/{branch...}") { forge, call, repository in
            guard let commit = try await forge.gitFolder(repository.path).commit("refs/heads/" + call["branch"]) else {
                return .refused(404, "Branch not found")
            }
            return .ok(branch(call["branch"], commit, repository))
        },
        on("GET", "/contents/{path...}") { forge, call, repository in
            try await contents(forge, call, repository)
        },
        on("GET", "/git/ref/{ref...}") { forge, call, repository in
            guard let commit = try await forge.gitFolder(repository.path).commit("refs/" + call["ref"]) else {
                return .refused(404, "Not Found")
            }
            return .ok([
                "ref": .string("refs/" + call["ref"]), "node_id": "REF_1", "url": "",
                "object": ["type": "commit", "sha": .string(commit), "url": ""],
            ])
        },
        on("GET", "/compare/{basehead...}") { forge, call, repository in
            let range = call["basehead"].components(separatedBy: "...")
            let git = forge.gitFolder(repository.path)
            guard range.count == 2, let base = try await git.commit(range[0]), let head = try await git.commit(range[1])
            else { return .refused(404, "Not Found") }
            let names = try await git.git(["diff", "--name-only", "-z", "\(base)...\(head)"]).split(separator: "\0")
            return .ok(["status": "ahead", "files": .array(names.map { ["filename": .string(String($0))] })])
        },
        on("GET", "/collaborators/{username}/permission") { forge, call, repository in
            guard let account = forge.read({ $0.account(call["username"]) }) else { return .refused(404, "Not Found") }
            let role = repository.roles[account.id] ?? (repository.isPrivate ? .none : .read)
            // The four old permissions; the newer roles are told apart by `role_name`.
            let permission = ["maintain": "write", "triage": "read"][role.rawValue] ?? role.rawValue
            return .ok([
                "permission": .string(permission), "role_name": .string(role.rawValue),
                "user": GitHubShapes(forge: forge).user(account),
            ])
        },
        APIRoute("GET", "/user") { forge, call in .ok(GitHubShapes(forge: forge).user(call.credential.account)) },
        APIRoute("GET", "/rate_limit") { forge, _ in
            let (remaining, reset) = forge.read { ($0.remaining, Int64($0.reset.timeIntervalSince1970)) }
            let hourly = Int64(forge.settings.limits.requestsPerHour ?? 5_000)
            let core: JSONValue = [
                "limit": .integer(hourly), "remaining": .integer(Int64(remaining)), "reset": .integer(reset),
                "used": .integer(hourly - Int64(remaining)),
            ]
            return .ok(["resources": ["core": core, "search": core], "rate": core])
        },
    ]

    private static func branch(_ name: String, _ commit: String, _ repository: StubRepository) -> JSONValue {
        [
            "name": .string(name), "commit": ["sha": .string(commit), "url": ""],
            "protected": .bool(repository.protectedBranches.contains(name)),
        ]
    }

    private static func contents(
        _ forge: StubForge, _ call: APICall, _ repository: StubRepository
    ) async throws -> APIAnswer {
        let git = forge.gitFolder(repository.path)
        guard let commit = try await git.commit(call.query["ref"] ?? repository.defaultBranch) else {
            return .refused(404, "No commit found for the ref \(call.query["ref"] ?? "")")
        }
        let object = "\(commit):\(call["path"])"
        guard let text = try await git.output(["cat-file", "blob", object]) else { return .refused(404, "Not Found") }
        let bytes = Array(text.utf8)
        if call.accept?.contains("raw") == true { return APIAnswer(status: 200, raw: (bytes, "text/plain")) }
        guard bytes.count <= 1 << 20 else { return .refused(403, "This API returns blobs up to 1 MB in size.") }
        let blob = try await git.git(["rev-parse", object]).trimmingCharacters(in: .newlines)
        return .ok([
            "type": "file", "encoding": "base64", "size": .integer(Int64(bytes.count)),
            "name": .string(String(call["path"].split(separator: "/").last ?? "")), "path": .string(call["path"]),
            "content": .string(Data(bytes).base64EncodedString(options: .lineLength76Characters)),
            "sha": .string(blob), "url": "",
        ])
    }

    // MARK: Statuses

    private static let statusRoutes = [
        on("POST", "/statuses/{sha}") { forge, call, repository in
            guard let state = call.body?["state"]?.text, ["error", "failure", "pending", "success"].contains(state)
            else { return .invalid("Status", "state", "state is not included in the list") }
            let text = call.body?["description"]?.text ?? ""
            guard text.count <= 140 else {
                return .invalid("Status", "description", "description is too long (maximum is 140 characters)")
            }
            guard try await forge.gitFolder(repository.path).commit(call["sha"]) == call["sha"] else {
                return .refused(422, "No commit found for SHA: \(call["sha"])")
            }
            let context = call.body?["context"]?.text ?? "default"
            let status = forge.change { state_ -> ForgeRecord.Status? in
                let known = state_.record.statuses.count {
                    $0.repositoryID == repository.id && $0.commit == call["sha"] && $0.context == context
                }
                guard known < 1_000 else { return nil }
                let status = ForgeRecord.Status(
                    id: state_.nextID(), receivedAt: Date(), repositoryID: repository.id,
                    repository: repository.path, commit: call["sha"], ref: nil, context: context, state: state,
                    description: text, targetURL: call.body?["target_url"]?.text, pipeline: nil)
                state_.record.statuses.append(status)
                return status
            }
            guard let status else {
                return .invalid("Status", "context", "This SHA and context has reached the maximum number of statuses.")
            }
            return .created(GitHubShapes(forge: forge).status(status, repository, by: call.credential.account))
        },
        on("GET", "/commits/{ref}/statuses") { forge, call, repository in
            .ok(.array(call.page(of: try await statuses(forge, call, repository))))
        },
        on("GET", "/commits/{ref}/status") { forge, call, repository in
            let all = try await statuses(forge, call, repository)
            var seen: Set<String> = []
            let newest = all.filter { seen.insert($0["context"]?.text ?? "").inserted }
            let states = Set(newest.compactMap { $0["state"]?.text })
            let failed = states.contains("failure") || states.contains("error")
            let combined = failed ? "failure" : states == ["success"] ? "success" : "pending"
            return .ok([
                "state": .string(combined), "statuses": .array(newest), "total_count": .integer(Int64(newest.count)),
                "sha": .string(call["ref"]), "repository": GitHubShapes(forge: forge).repository(repository),
            ])
        },
    ]

    /// The statuses of a commit, newest first.
    private static func statuses(
        _ forge: StubForge, _ call: APICall, _ repository: StubRepository
    ) async throws -> [JSONValue] {
        let commit = try await forge.gitFolder(repository.path).commit(call["ref"]) ?? call["ref"]
        return forge.record.statuses.filter { $0.repositoryID == repository.id && $0.commit == commit }.reversed()
            .map { GitHubShapes(forge: forge).status($0, repository, by: call.credential.account) }
    }

    // MARK: Pull requests and comments

    private static let requestRoutes = [
        on("GET", "/pulls") { forge, call, repository in
            let state = call.query["state"] ?? "open"
            let found = repository.requests.filter { state == "all" || ($0.state == "open") == (state == "open") }
            return .ok(.array(call.page(of: found).map { GitHubShapes(forge: forge).pullRequest($0, repository) }))
        },
        on("GET", "/pulls/{number}") { forge, call, repository in
            guard let request = repository.requests.first(where: { $0.number == call.number("number") }) else {
                return .refused(404, "Not Found")
            }
            return .ok(GitHubShapes(forge: forge).pullRequest(request, repository))
        },
        on("GET", "/pulls/{number}/files") { forge, call, repository in
            guard let request = repository.requests.first(where: { $0.number == call.number("number") }) else {
                return .refused(404, "Not Found")
            }
            let names = try await forge.gitFolder(repository.path)
                .git(["diff", "--name-only", "-z", "\(request.baseCommit)...\(request.headCommit)"])
                .split(separator: "\0").map(String.init)
            return .ok(.array(call.page(of: names).map { ["filename": .string($0), "status": "modified"] }))
        },
        on("GET", "/issues/{number}/comments") { forge, call, repository in
            let comments = repository.comments.filter { $0.request == call.number("number") }
            return .ok(.array(call.page(of: comments).map { GitHubShapes(forge: forge).comment($0, repository) }))
        },
        on("POST", "/issues/{number}/comments") { forge, call, repository in
            guard repository.requests.contains(where: { $0.number == call.number("number") }) else {
                return .refused(404, "Not Found")
            }
            let text = call.body?["body"]?.text ?? ""
            guard text.utf8.count <= 65_536 else {
                return .invalid("IssueComment", "data", "Body is too long (maximum is 65536 characters)")
            }
            let comment = forge.addComment(
                text, on: call.number("number"), in: repository.id, by: call.credential.account)
            return .created(GitHubShapes(forge: forge).comment(comment, repository))
        },
        on("PATCH", "/issues/comments/{id}") { forge, call, repository in
            let text = call.body?["body"]?.text ?? ""
            guard text.utf8.count <= 65_536 else {
                return .invalid("IssueComment", "data", "Body is too long (maximum is 65536 characters)")
            }
            guard let comment = forge.editComment(call.number("id"), text: text, in: repository.id) else {
                return .refused(404, "Not Found")
            }
            return .ok(GitHubShapes(forge: forge).comment(comment, repository))
        },
    ]
}
