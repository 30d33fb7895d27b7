import Foundation
import Forges
import Subprocess

/// GitHub's REST operations, carried out on the stub.
enum GitHubStub {
    /// Every operation the stub knows.
    static let routes: [APIRoute] = repositoryRoutes + statusRoutes + requestRoutes + hookRoutes + appRoutes

    /// Hands a handler the repository that the path names.
    private static func on(
        _ method: String, _ path: String,
        _ handler: @escaping @Sendable (StubForge, APICall, StubRepository) async throws -> APIAnswer
    ) -> APIRoute {
        APIRoute(method, "/repos/{owner}/{repo}" + path) { forge, call in
            guard let repository = try? forge.repository("\(call["owner"])/\(call["repo"])"),
                call.credential.repositories?.contains(repository.id) ?? true
            else { return .refused(404, "Not Found") }
            return try await handler(forge, call, repository)
        }
    }

    // MARK: Repository

    private static let repositoryRoutes = [
        on("GET", "") { forge, _, repository in .ok(GitHubShapes(forge: forge).repository(repository)) },
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
            let core: JSONValue = [
                "limit": 5_000, "remaining": .integer(Int64(remaining)), "reset": .integer(reset),
                "used": .integer(Int64(5_000 - remaining)),
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

    // MARK: Hooks

    private static let hookRoutes = [
        on("GET", "/hooks") { forge, call, repository in
            .ok(.array(call.page(of: repository.hooks).map { GitHubShapes(forge: forge).hook($0, repository) }))
        },
        on("POST", "/hooks") { forge, call, repository in
            guard let url = call.body?["config"]?["url"]?.text, url.hasPrefix("http") else {
                return .invalid("Hook", "url", "Config must contain URL for webhooks")
            }
            let events = Set((call.body?["events"]?.elements ?? ["push"]).compactMap(\.text))
            guard !repository.hooks.contains(where: { $0.url == url && $0.events == events }) else {
                return .refused(422, "Validation Failed: Hook already exists on this repository")
            }
            let hook = try forge.addHook(
                to: repository.path, url: url, secret: call.body?["config"]?["secret"]?.text, events: events)
            guard let made = try forge.repository(repository.path).hooks.first(where: { $0.id == hook }) else {
                return .refused(404, "Not Found")
            }
            ping(made, repository, from: forge)
            return .created(GitHubShapes(forge: forge).hook(made, repository))
        },
        on("GET", "/hooks/{hook}") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "Not Found")
            }
            return .ok(GitHubShapes(forge: forge).hook(hook, repository))
        },
        on("DELETE", "/hooks/{hook}") { forge, call, repository in
            try forge.changeRepository(repository.path) { $0.hooks.removeAll { $0.id == call.number("hook") } }
            return .noContent
        },
        on("POST", "/hooks/{hook}/pings") { forge, call, repository in
            guard let hook = repository.hooks.first(where: { $0.id == call.number("hook") }) else {
                return .refused(404, "Not Found")
            }
            ping(hook, repository, from: forge)
            return .noContent
        },
        on("GET", "/hooks/{hook}/deliveries") { forge, call, _ in deliveries(forge, call) },
        on("POST", "/hooks/{hook}/deliveries/{delivery}/attempts") { forge, call, repository in
            let wanted = call.number("delivery")
            guard
                let delivery = forge.record.deliveries.first(where: {
                    $0.id == wanted && $0.hook == call.number("hook")
                })
            else { return .refused(404, "Not Found") }
            forge.enqueue(
                StubDelivery(
                    guid: delivery.guid, repository: repository.id, hook: delivery.hook, event: delivery.event,
                    action: delivery.action, body: delivery.body, isRedelivery: true))
            return APIAnswer(status: 202, body: [:])
        },
    ]

    private static func ping(_ hook: StubHook, _ repository: StubRepository, from forge: StubForge) {
        forge.enqueue(
            StubDelivery(
                guid: UUID().uuidString.lowercased(), repository: repository.id, hook: hook.id, event: "ping",
                action: nil, body: GitHubShapes(forge: forge).ping(hook, repository).bytes))
    }

    /// The tries of a hook, newest first; the cursor is the number of the last one that was given.
    private static func deliveries(_ forge: StubForge, _ call: APICall) -> APIAnswer {
        let size = min(max(call.query["per_page"].flatMap(Int.init) ?? 30, 1), 100)
        let below = call.query["cursor"].flatMap(Int64.init) ?? .max
        let all = forge.record.deliveries.filter { $0.hook == call.number("hook") && $0.id < below }.reversed()
        let page = Array(all.prefix(size))
        var answer = APIAnswer.ok(.array(page.map(GitHubShapes(forge: forge).delivery)))
        if all.count > size, let last = page.last {
            let path = call.target.prefix { $0 != "?" }
            answer.headers = [("Link", "<\(forge.url)\(path)?per_page=\(size)&cursor=\(last.id)>; rel=\"next\"")]
        }
        return answer
    }

    // MARK: Apps

    private static let appRoutes = [
        on("GET", "/installation") { forge, call, _ in
            guard let app = try await forge.verifiedApp(call) else { return unverified }
            return .ok(["id": .integer(app.installation), "app_id": .integer(Int64(app.id) ?? 0)])
        },
        APIRoute("POST", "/app/installations/{installation}/access_tokens") { forge, call in
            guard let app = try await forge.verifiedApp(call) else { return unverified }
            guard app.installation == call.number("installation") else { return .refused(404, "Not Found") }
            let ids = call.body?["repository_ids"]?.elements.map { Set($0.compactMap(\.whole)) }
            let permissions = call.body?["permissions"]?.members
            let expiry = Date(timeIntervalSinceNow: 3_600)
            let token = "ghs_\(UUID().uuidString.replacing("-", with: ""))"
            forge.change { state in
                state.credentials[token] = StubCredential(
                    account: StubAccount(id: app.installation, name: "app[bot]"),
                    mayWrite: permissions.map { $0.values.contains("write") } ?? true, repositories: ids,
                    expiry: expiry, isInstallation: true)
            }
            return .created([
                "token": .string(token), "expires_at": .string(expiry.formatted(.iso8601)),
                "permissions": .object(permissions ?? [:]),
            ])
        },
    ]

    private static let unverified = APIAnswer.refused(401, "A JSON web token could not be decoded")
}

extension StubForge {
    /// The App whose own token a request has: signed with its key, for it, and for ten minutes at most.
    func verifiedApp(_ call: APICall) async throws -> StubApp? {
        guard let app = read(\.app), call.credential.account.id == 0 else { return nil }
        let parts = call.credential.account.name.split(separator: ".").map(String.init)
        guard parts.count == 3, let claims = try? JSONValue(parsing: Self.decode(parts[1])) else { return nil }
        let now = Int64(Date().timeIntervalSince1970)
        let issuer = claims["iss"]?.text ?? claims["iss"]?.whole.map(String.init)
        guard issuer == app.id, let start = claims["iat"]?.whole, let end = claims["exp"]?.whole, start <= now,
            end > now, end - now <= 600
        else { return nil }
        let folder = FileManager.default.temporaryDirectory.appending(path: "stub-app-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(app.publicKey.utf8).write(to: folder.appending(path: "key"))
        try Data(Self.decode(parts[2])).write(to: folder.appending(path: "signature"))
        let result = try await run(
            .name("openssl"),
            arguments: [
                "dgst", "-sha256", "-verify", folder.appending(path: "key").path, "-signature",
                folder.appending(path: "signature").path,
            ],
            input: .string("\(parts[0]).\(parts[1])"), output: .discarded, error: .discarded)
        return result.terminationStatus.isSuccess ? app : nil
    }

    /// Base64 in its form for addresses, without padding.
    private static func decode(_ text: String) -> [UInt8] {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
        return Data(base64Encoded: padded).map(Array.init) ?? []
    }
}
