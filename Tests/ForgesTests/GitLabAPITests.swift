import Forges
import HTTPTransport
import PipelineModel
import Signing
import TestSupport
import Testing

@Suite("GitLab's API and the callback of plain Git")
struct GitLabAPITests {
    private static let now = Timestamp(milliseconds: 1_764_000_000_000)
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    private static let repository = RepositoryReference(
        forge: "lab", remoteID: 7, name: "ml/churn", cloneURL: "https://x.example/r.git", defaultBranch: "main")

    private static func status(
        _ state: CommitStatus.State = .success, ref: String = "refs/heads/main"
    ) -> CommitStatus {
        CommitStatus(
            commit: commit, ref: ref, context: "pawl/push", state: state, text: "4 passed",
            targetURL: "https://pawl.example/1")
    }

    private static func api(_ sender: RecordingSender) throws -> GitLabAPI {
        var once = RetryPolicy()
        once.attempts = 1
        return try GitLabAPI(
            forge: "lab", address: "https://lab.example/", token: Redacted("glpat-verysecret"), sender: sender,
            retry: once, now: { now })
    }

    @Test(
        "a status is posted in GitLab's words, for the branch's short name",
        arguments: [
            (CommitStatus.State.pending, "pending"), (.success, "success"), (.failure, "failed"), (.error, "failed"),
        ])
    func posting(state: CommitStatus.State, word: String) async throws {
        let sender = RecordingSender { _ in .init(201) }
        #expect(try await Self.api(sender).post(Self.status(state), to: Self.repository) == .accepted)
        let sent = try #require(sender.sent.first)
        #expect(sent.url == "https://lab.example/api/v4/projects/7/statuses/\(Self.commit)")
        #expect(sent.json?["state"] == .string(word) && sent.json?["ref"] == "main")
        #expect(sent.json?["name"] == "pawl/push")
        #expect(sent.headers["PRIVATE-TOKEN"] == "glpat-verysecret")
    }

    private static func refusal(from state: String, isText: Bool = true) -> JSONValue {
        let words = "Cannot transition status via :run from :\(state) (Reason(s): Status cannot transition via \"run\")"
        return ["message": isText ? .string(words) : ["status": [.string(words)]]]
    }

    @Test(
        "a state that GitLab shows already is a success, and no other that it does not leave",
        arguments: [
            (CommitStatus.State.pending, "pending", true), (.pending, "running", true), (.success, "success", true),
            (.failure, "failed", true), (.success, "running", false), (.success, "canceled", false),
            (.pending, "success", false),
        ])
    func alreadyThere(wanted: CommitStatus.State, shown: String, isThere: Bool) async throws {
        for isText in [true, false] {
            let sender = RecordingSender { sent in
                sent.method == "GET" ? .init(200, []) : .init(400, Self.refusal(from: shown, isText: isText))
            }
            let api = try Self.api(sender)
            do {
                #expect(try await api.post(Self.status(wanted), to: Self.repository) == .alreadyThere)
                #expect(isThere)
            } catch let error as ForgeError {
                #expect(!isThere && error.code == .refused && error.message.contains("from :\(shown)"))
            }
        }
    }

    @Test("GitLab's pipeline is told by the first answer and named from then on, until it is gone")
    func group() async throws {
        let sender = RecordingSender { sent in
            sent.json?["pipeline_id"]?.whole == 9
                ? .init(404, ["message": "404 Pipeline for pipeline_id, sha and ref Not Found"])
                : .init(201, ["pipeline_id": sent.json?["pipeline_id"] ?? 5])
        }
        let api = try Self.api(sender)
        let five = StatusGroup(remoteID: 5)
        #expect(try await api.post(Self.status(.pending), to: Self.repository).group == five)
        #expect(try await api.post(Self.status(), to: Self.repository, in: five).group == five)
        #expect(try await api.post(Self.status(), to: Self.repository, in: StatusGroup(remoteID: 9)).group == five)
        #expect(sender.sent.map { $0.json?["pipeline_id"]?.whole } == [nil, 5, 9, nil])
    }

    @Test("a status whose answer was lost tells its pipeline when it is sent again")
    func lostGroup() async throws {
        let sender = RecordingSender { sent in
            sent.method == "GET"
                ? .init(200, [["pipeline_id": 4], ["pipeline_id": 5]]) : .init(400, Self.refusal(from: "pending"))
        }
        let answer = try await Self.api(sender).post(Self.status(.pending), to: Self.repository)
        #expect(answer == StatusAnswer(isNew: false, group: StatusGroup(remoteID: 5)))
        #expect(
            sender.sent.last?.url
                == "https://lab.example/api/v4/projects/7/repository/commits/\(Self.commit)/statuses"
                + "?name=pawl%2Fpush&ref=main")
    }

    @Test("any other 400 is final and says why")
    func refused() async throws {
        let sender = RecordingSender { _ in .init(400, ["message": "state does not have a valid value"]) }
        let api = try Self.api(sender)
        let error = try await #require(throws: ForgeError.self) {
            try await api.post(Self.status(), to: Self.repository)
        }
        #expect(error.code == .refused && !error.isTransient && error.message.contains("valid value"))
        #expect(!error.message.contains("verysecret"))
    }

    @Test("a merge request's status goes to its branch, or to its own ref where no branch has the commit")
    func mergeRequestStatus() async throws {
        let sender = RecordingSender { sent in
            sent.json?["ref"] == nil ? .init(404, ["message": "404 References for commit Not Found"]) : .init(201)
        }
        let status = Self.status(ref: "refs/merge-requests/3/head")
        #expect(try await Self.api(sender).post(status, to: Self.repository) == .accepted)
        #expect(sender.sent.map { $0.json?["ref"]?.text } == [nil, "refs/merge-requests/3/head"])
    }

    @Test("a limit is obeyed")
    func limit() async throws {
        let sender = RecordingSender { _ in .init(429, text: "Retry later", headers: [("Retry-After", "17")]) }
        let api = try Self.api(sender)
        let error = try await #require(throws: ForgeError.self) {
            try await api.post(Self.status(), to: Self.repository)
        }
        #expect(error.code == .limited && error.retryAfter == Self.now + .seconds(17))
    }

    @Test(
        "a role is the level of an active member, by number",
        arguments: [
            (50, "active", AccountRole.maintain), (40, "active", .maintain), (30, "active", .write),
            (20, "active", .read),
            (5, "active", .none), (50, "blocked", .none),
        ] as [(Int64, String, AccountRole)])
    func roles(level: Int64, state: String, role: AccountRole) async throws {
        let sender = RecordingSender { _ in
            .init(200, ["id": 1, "access_level": .integer(level), "state": .string(state)])
        }
        let account = Event.Actor(remoteID: 1, name: "whoever")
        #expect(try await Self.api(sender).role(of: account, in: Self.repository) == role)
        let stranger = RecordingSender { _ in .init(404) }
        #expect(try await Self.api(stranger).role(of: account, in: Self.repository) == .none)
    }

    @Test("a merge request of another project is not believed")
    func foreignMergeRequest() async throws {
        func answer(target: Int64) -> RecordingSender {
            RecordingSender { _ in
                .init(
                    200,
                    [
                        "iid": 3, "target_project_id": .integer(target), "source_project_id": 9, "source_branch": "x",
                        "target_branch": "main", "sha": .string(Self.commit), "author": ["id": 4, "username": "eve"],
                    ])
            }
        }
        let request = try await Self.api(answer(target: 7)).pullRequest(3, of: Self.repository)
        #expect(request.isFork && request.author?.remoteID == 4 && request.headCommit == Self.commit)
        let api = try Self.api(answer(target: 8))
        await #expect(throws: ForgeError.self) { try await api.pullRequest(3, of: Self.repository) }
    }

    @Test("a server that knows no signing token says so in the receipt", arguments: [true, false])
    func hooks(knowsSigning: Bool) async throws {
        let sender = RecordingSender { sent in
            sent.method == "GET"
                ? .init(200, []) : .init(201, knowsSigning ? ["id": 311, "signing_token_present": true] : ["id": 311])
        }
        let wish = HookWish(
            url: "https://pawl.example/hooks/lab/1", secret: Redacted("whsec_x"), token: Redacted("older"))
        let receipt = try await Self.api(sender).makeHook(wish, on: Self.repository)
        #expect(receipt.id == 311 && receipt.isSigning == knowsSigning)
        #expect(sender.sent.last?.json?["signing_token"] == "whsec_x")
        #expect(sender.sent.last?.json?["token"] == "older")
    }

    @Test("a plain-Git forge's status arrives signed, with the same id when it is sent again")
    func callback() async throws {
        let sender = RecordingSender { _ in .init(204) }
        let secret = Redacted("s3cret")
        let callback = try GitCallback(
            callback: (url: "http://127.0.0.1:9/status/", secret: secret), sender: sender, now: { Self.now })
        for _ in 0..<2 {
            #expect(try await callback.post(Self.status(), to: Self.repository) == .accepted)
        }
        let sent = sender.sent
        #expect(sent.count == 2 && sent[0].url == "http://127.0.0.1:9/status/", "the address is used as it is")
        #expect(sent[0].headers["X-Pawl-Delivery"] == sent[1].headers["X-Pawl-Delivery"])
        #expect(sent[0].json?["state"] == "success" && sent[0].json?["context"] == "pawl/push")
        let verdict = try WebhookVerifier.verdict(
            on: sent[0].bytes, secrets: .git([secret]), headers: WebhookHeaders(sent[0].headers.fields), now: Self.now)
        #expect(verdict.isAccepted)
    }

    @Test("without a callback a plain-Git forge's statuses go nowhere, and that is accepted")
    func nowhere() async throws {
        let sender = RecordingSender { _ in .init(500) }
        let callback = try GitCallback(callback: nil, sender: sender, now: { Self.now })
        #expect(try await callback.post(Self.status(), to: Self.repository) == .accepted)
        #expect(sender.sent.isEmpty)
        #expect(try await callback.isProtected("refs/heads/main", of: Self.repository))
        #expect(try await !callback.isProtected("refs/heads/x", of: Self.repository))
    }
}
