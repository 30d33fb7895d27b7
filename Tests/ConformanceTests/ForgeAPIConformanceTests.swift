import Forges
import HTTPTransport
import PipelineModel
import Signing
import TestSupport
import Testing

@Suite("Forge API requests")
struct ForgeAPIConformanceTests {
    private static let now = Timestamp(milliseconds: 1_764_000_000_000)
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"

    @Test(
        "every request to GitHub and GitLab is one that their schemas take",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
    func requests() async throws {
        let folder = try #require(ConformanceFolder.path) + "/forge-api/"
        let github = try ForgeAPISchema(contentsOf: folder + "github.json")
        let gitlab = try ForgeAPISchema(contentsOf: folder + "gitlab.json")
        var held = 0
        var described = 0
        var others: Set<String> = []
        func judge(_ sent: RecordingSender.Sent, by schema: ForgeAPISchema, _ faults: [String]) {
            let path = sent.path(after: Self.address)
            guard schema.describes(method: sent.method, path: path) else {
                others.insert("\(sent.method) \(path.prefix { $0 != "?" })")
                return
            }
            described += 1
            let faults = faults + schema.violations(method: sent.method, path: path, body: sent.json)
            if faults.isEmpty { held += 1 } else { print(sent.method, path, faults.joined(separator: "; ")) }
        }
        for sent in try await Self.githubRequests() { judge(sent, by: github, Self.githubHeaderFaults(sent)) }
        for sent in try await Self.gitlabRequests() {
            judge(sent, by: gitlab, sent.headers["PRIVATE-TOKEN"] == nil ? ["PRIVATE-TOKEN is missing"] : [])
        }
        print("conformance forge-api: \(held) of \(described), \(others.count) more are not described by the schemas")
        print("forge-api: not described:", others.sorted().joined(separator: ", "))
        #expect(held == described)
        #expect(held >= Floor.forgeAPI)
    }

    @Test(
        "the schema refuses requests that the forges refuse",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)),
        arguments: [
            ("POST", "/repos/o/r/statuses/abc", #"{"context": "c"}"#),
            ("POST", "/repos/o/r/statuses/abc", #"{"state": "passed"}"#),
            ("POST", "/repos/o/r/statuses/abc", #"{"state": "success", "descripton": "typing error"}"#),
            ("GET", "/repos/o/r/hooks/1/deliveries?per_page=many", "{}"), ("POST", "/repos/o/r/nothing", "{}"),
        ])
    func violations(method: String, path: String, body: String) throws {
        let folder = try #require(ConformanceFolder.path) + "/forge-api/"
        let schema = try ForgeAPISchema(contentsOf: folder + "github.json")
        #expect(try !schema.violations(method: method, path: path, body: JSONValue(parsing: body.utf8)).isEmpty)
    }

    @Test(
        "of the recorded requests, the schema refuses those that GitHub refused",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
    func recorded() throws {
        let folder = try #require(ConformanceFolder.path) + "/forge-api/"
        let schema = try ForgeAPISchema(contentsOf: folder + "github.json")
        let recorded = try JSONValue(parsing: ConformanceFolder.bytes("forge-api/examples/check-runs.json"))
        var judged = 0
        for exchange in recorded.elements ?? [] {
            guard let method = exchange["request"]?["method"]?.text, let path = exchange["request"]?["url"]?.text,
                let status = exchange["response"]?["status"]?.whole, schema.describes(method: method, path: path)
            else { continue }
            judged += 1
            let faults = schema.violations(method: method, path: path, body: exchange["request"]?["body"])
            #expect(faults.isEmpty == (status != 422), "\(method) \(path): \(faults)")
        }
        #expect(judged > 10)
    }

    // MARK: What is asked

    private static let address = "https://forge.example"
    private static let repository = RepositoryReference(
        forge: "forge", remoteID: 35_129_377, name: "ml/churn", cloneURL: "https://forge.example/ml/churn.git",
        defaultBranch: "main")

    private static func use(_ api: some ForgeAPI, _ sender: RecordingSender) async throws -> [RecordingSender.Sent] {
        for state in [CommitStatus.State.pending, .success, .failure, .error] {
            for (context, url) in [
                ("pawl/push", nil), (String(repeating: "long", count: 100), "https://pawl.example/1"),
            ] {
                let status = CommitStatus(
                    commit: commit, ref: "refs/heads/main", context: context, state: state,
                    text: String(repeating: "ä 漢 🎉", count: 60), targetURL: url)
                _ = try await api.post(status, to: repository)
            }
        }
        _ = try await api.repository(at: "ml/churn")
        _ = try await api.pullRequest(7, of: repository)
        _ = try await api.role(of: Event.Actor(remoteID: 1, name: "ada"), in: repository)
        _ = try await api.branchHeads(of: repository)
        _ = try await api.isProtected("refs/heads/feature/x", of: repository)
        _ = try await api.isProtected("refs/tags/v1", of: repository)
        let hook = HookWish(
            url: "https://pawl.example/hooks/forge/1", secret: Redacted(try StandardWebhookKey.makeToken()))
        _ = try await api.makeHook(hook, on: repository)
        try await api.testHook(1, on: repository)
        _ = try await api.cloneCredential(for: repository)
        if api.kind == .github {
            _ = try await api.deliveries(ofHook: 1, on: repository, since: now)
            try await api.redeliver(5, ofHook: 1, on: repository)
        }
        return sender.sent
    }

    private static func githubRequests() async throws -> [RecordingSender.Sent] {
        let sender = RecordingSender { sent in
            switch (sent.method, sent.path(after: address)) {
            case ("GET", let path) where path.hasSuffix("/installation"): .init(200, ["id": 9])
            case ("POST", let path) where path.hasSuffix("/access_tokens"):
                .init(201, ["token": "ghs_x", "expires_at": "2026-11-24T04:00:00Z"])
            case ("GET", let path) where path.contains("/pulls/"):
                .init(
                    200,
                    [
                        "number": 7, "title": "t", "state": "open", "user": ["id": 1, "login": "ada"],
                        "head": ["ref": "x", "sha": .string(commit), "repo": ["id": 2, "full_name": "ada/churn"]],
                        "base": ["ref": "main", "sha": .string(commit), "repo": ["id": 35_129_377]],
                    ])
            case ("GET", let path) where path.hasSuffix("/permission"):
                .init(200, ["permission": "write", "role_name": "maintain", "user": ["id": 1]])
            case ("GET", let path) where ["/branches?", "/deliveries?", "/hooks?"].contains(where: path.contains):
                .init(200, [])
            case ("GET", let path) where path.contains("/branches/"): .init(200, ["protected": true])
            case ("GET", _):
                .init(
                    200, ["id": 35_129_377, "full_name": "ml/churn", "clone_url": "https://forge.example/ml/churn.git"])
            default: .init(201, ["id": 311])
            }
        }
        var all: [RecordingSender.Sent] = []
        let key = try RSASigningKey(pem: TestKeys.rsa)
        for credential in [GitHubCredential.token(Redacted("ghp_x")), .app(id: "12345", key: key)] {
            let api = try GitHubAPI(
                forge: "forge", address: address, credential: credential, sender: sender, now: { now })
            all = try await use(api, sender)
        }
        return all
    }

    private static func githubHeaderFaults(_ sent: RecordingSender.Sent) -> [String] {
        var faults: [String] = []
        for (name, value) in [
            ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"), ("User-Agent", "pawl"),
        ] where sent.headers[name] != value { faults.append("\(name) is not \(value)") }
        if sent.headers["Authorization"]?.hasPrefix("Bearer ") != true { faults.append("Authorization is missing") }
        return faults
    }

    private static func gitlabRequests() async throws -> [RecordingSender.Sent] {
        let sender = RecordingSender { sent in
            switch (sent.method, sent.path(after: address)) {
            case ("GET", let path) where path.contains("/merge_requests/"):
                .init(
                    200,
                    [
                        "iid": 7, "target_project_id": 35_129_377, "source_project_id": 2, "source_branch": "x",
                        "target_branch": "main", "sha": .string(commit), "state": "opened",
                    ])
            case ("GET", let path) where path.contains("/members/"): .init(200, ["id": 1, "access_level": 40])
            case ("GET", let path) where ["/branches?", "/hooks?"].contains(where: path.contains): .init(200, [])
            case ("GET", let path) where path.contains("/repository/"): .init(200, ["protected": true])
            case ("GET", _):
                .init(
                    200,
                    [
                        "id": 35_129_377, "path_with_namespace": "ml/churn",
                        "http_url_to_repo": "https://forge.example/ml/churn.git",
                    ])
            default: .init(201, ["id": 311, "signing_token_present": true])
            }
        }
        let api = try GitLabAPI(
            forge: "forge", address: address, token: Redacted("glpat-x"), sender: sender, now: { now })
        return try await use(api, sender)
    }
}
