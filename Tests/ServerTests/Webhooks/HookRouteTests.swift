import Forges
import PipelineModel
import Signing
import Testing

@testable import Server
@testable import Store

@Suite("Webhooks")
struct HookRouteTests {
    static let commit = String(repeating: "a", count: 40)

    @Test(
        "a signed delivery of each forge is on disk when it is answered",
        arguments: ["github", "gitlab", "token", "git"])
    func taken(_ forge: String) async throws {
        try await TestServer.serve { server in
            let request =
                switch forge {
                case "github": try SignedRequest.github(SignedRequest.push(Self.commit))
                case "gitlab": try SignedRequest.gitlab(Self.commit, now: server.now)
                case "token":
                    try SignedRequest.gitlab(Self.commit, now: server.now, token: SignedRequest.gitlabToken)
                default: try SignedRequest.git(Self.message(in: server), now: server.now)
                }
            let delivery = try await server.deliver(request)
            #expect(delivery.state == .stored && delivery.remoteID == 7 && delivery.key != nil)
            #expect(try await server.store.deliveryBody(delivery.id) == request.body)
            let proofs = ["x-gitlab-token", "x-hub-signature-256", "webhook-signature", "x-pawl-signature"]
            #expect(proofs.allSatisfy { delivery.headers[$0] == nil })
        }
    }

    @Test("a delivery that cannot be stored is not taken: its forge is asked to send it again")
    func notStored() async throws {
        try await TestServer.serve { server in
            try await server.store.database.write { connection in
                try connection.execute("ALTER TABLE delivery RENAME TO elsewhere")
            }
            let answer = try await server.send(.github(SignedRequest.push(Self.commit)))
            #expect(answer.status == 503 && answer.error.contains("Send it again"))
        }
    }

    static func message(in server: TestServer) -> GitHookMessage {
        GitHookMessage(
            repository: server.reference(on: "git"), ref: "refs/heads/main", before: SignedRequest.zeros, after: commit)
    }

    @Test("what is not signed, or not rightly, is refused in words, and nothing is stored")
    func refused() async throws {
        try await TestServer.serve { server in
            let github = try SignedRequest.github(SignedRequest.push(Self.commit))
            let gitlab = try SignedRequest.gitlab(Self.commit, now: server.now)
            let git = try SignedRequest.git(Self.message(in: server), now: server.now)
            let hub = "X-Hub-Signature-256"
            let right = try #require(github.headers.first { $0.name == hub }).value
            var changed = github
            changed.body.append(UInt8(ascii: " "))
            var twice = github
            twice.headers.append((hub, right))
            let cases: [(String, SignedRequest, Int)] = [
                ("missing", github.with(hub, nil), 401),
                ("SHA-1 alone", github.with(hub, nil).with("X-Hub-Signature", "sha1=00"), 401),
                ("short", github.with(hub, String(right.dropLast(2))), 401),
                ("long", github.with(hub, right + "00"), 401),
                ("no digits", github.with(hub, "sha256=" + String(repeating: "z", count: 64)), 401),
                ("twice", twice, 401),
                ("wrong", github.with(hub, "sha256=" + String(repeating: "0", count: 64)), 403),
                ("another secret", try .github(SignedRequest.push(Self.commit), secret: "another"), 403),
                ("a changed body", changed, 403),
                ("GitLab, missing", gitlab.with("webhook-signature", nil), 401),
                ("GitLab, a token instead", gitlab.with("webhook-signature", nil).with("X-Gitlab-Token", "x"), 401),
                ("GitLab, wrong", gitlab.with("webhook-id", "another"), 403),
                (
                    "GitLab, old", try .gitlab(Self.commit, now: server.now - .minutes(6)), 403
                ),
                ("a wrong token", try .gitlab(Self.commit, now: server.now, token: "guess"), 403),
                ("Git, missing", git.with("X-Pawl-Signature", nil), 401),
                ("Git, another event", git.with("X-Pawl-Event", "ping"), 403),
                ("Git, old", try .git(Self.message(in: server), now: server.now - .minutes(6)), 403),
            ]
            for (name, request, status) in cases {
                let answer = try await server.send(request)
                #expect(answer.status == status, "\(name): \(answer.status) \(answer.error)")
                #expect(answer.error.count > 20, "\(name)")
            }
            #expect(try await server.store.deliveries().isEmpty)
        }
    }

    @Test("a hook speaks for the repositories it is bound to, and for no others")
    func strangers() async throws {
        try await TestServer.serve { server in
            let stranger = SignedRequest.push(Self.commit, remoteID: 8)
            let push = try await server.send(.github(stranger))
            #expect(push.status == 403 && push.error.contains("repository 8"))
            let lab = try await server.send(.gitlab(Self.commit, now: server.now, projectID: 8))
            #expect(lab.status == 403)
            #expect(try await server.store.deliveries().isEmpty)
        }
    }

    @Test("a hook or a forge that is not there is not found", arguments: ["/hooks/github/none", "/hooks/none/main"])
    func unknown(_ path: String) async throws {
        try await TestServer.serve { server in
            var request = try SignedRequest.github(SignedRequest.push(Self.commit))
            request.path = path
            let answer = try await server.send(request)
            #expect(answer.status == 404 && answer.error.contains("no hook"))
        }
    }

    @Test("signed nonsense is refused in words that say what is wrong")
    func nonsense() async throws {
        try await TestServer.serve { server in
            let deep = Array(String(repeating: "[", count: 100_000).utf8)
            let longName = SignedRequest.push(Self.commit, ref: "refs/heads/" + String(repeating: "x", count: 1 << 20))
            let cases: [(String, SignedRequest, String)] = [
                ("broken", try .github(bytes: Array("{\"ref\": ".utf8)), "JSON"),
                ("empty", try .github(bytes: []), "JSON"),
                ("no object", try .github(bytes: Array("[]".utf8)), "object"),
                ("deep", try .github(bytes: deep), "deep"),
                ("a long name", try .github(longName), "ref"),
                ("no repository", try .github(["ref": "refs/heads/main"]), "repository"),
            ]
            for (name, request, word) in cases {
                let answer = try await server.send(request)
                #expect(answer.status == 400, "\(name)")
                #expect(answer.error.contains(word), "\(name): \(answer.error)")
            }
            #expect(try await server.store.deliveries().isEmpty)
        }
    }

    @Test("an event that Pawl does not know is stored, and then ignored")
    func unknownEvent() async throws {
        try await TestServer.serve { server in
            let body: JSONValue = ["action": "sung", "repository": ["id": 7, "full_name": "ml/churn"]]
            let delivery = try await server.intake(of: .github(body, event: "karaoke"))
            #expect(delivery.event == "karaoke" && delivery.state == .ignored)
            #expect(delivery.reason == "No pipelines are made for this kind of event.")
        }
    }

    @Test("while a secret is changed, the old one counts too, until a delivery proves the new one")
    func rotation() async throws {
        try await TestServer.serve { server in
            let hook = try #require(try await server.store.hook(forge: "github", name: "main"))
            let sealed = try server.vault.sealHookSecret(Redacted("a newer secret"), forge: "github", hook: "main")
            try await server.store.rotateHook(hook.id, to: sealed)
            let old = try SignedRequest.github(SignedRequest.push(Self.commit))
            let new = try SignedRequest.github(SignedRequest.push(Self.commit), secret: "a newer secret")
            #expect(try await server.send(old).status == 202)
            #expect(try await server.send(new).status == 202)
            #expect(try await server.send(old).status == 403, "the forge has shown that it uses the new one")
            #expect(try await server.send(new).status == 202)
        }
    }
}
