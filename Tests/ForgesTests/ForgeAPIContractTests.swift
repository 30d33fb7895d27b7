import Forges
import HTTPTransport
import PipelineModel
import TestSupport
import Testing

/// What every forge's API promises, run over all of them.
@Suite("Every forge's API")
struct ForgeAPIContractTests {
    private static let now = Timestamp(milliseconds: 1_764_000_000_000)
    private static let repository = RepositoryReference(
        forge: "f", remoteID: 7, name: "ml/churn", cloneURL: "https://x.example/r.git", defaultBranch: "main")

    private static func api(_ kind: ForgeKind, _ sender: RecordingSender) throws -> any ForgeAPI {
        var once = RetryPolicy()
        once.attempts = 1
        let secret = Redacted("verysecret")
        switch kind {
        case .github:
            return try GitHubAPI(
                forge: "f", credential: .token(secret), sender: sender, retry: once, now: { now })
        case .gitlab:
            return try GitLabAPI(
                forge: "f", address: "https://lab.example", token: secret, sender: sender, retry: once, now: { now })
        case .git:
            return try GitCallback(
                callback: (url: "https://callback.example/status", secret: secret), sender: sender, retry: once,
                now: { now })
        }
    }

    private static func status(_ text: String = "4 passed", commit: String? = nil) -> CommitStatus {
        CommitStatus(
            commit: commit ?? "6113728f27ae82c7b1a177c8d03f9e96e0adf246", ref: "refs/heads/main", context: "pawl/push",
            state: .success, text: text, targetURL: "https://pawl.example/1")
    }

    @Test("a status is one POST, and telling it again does no harm", arguments: ForgeKind.allCases)
    func posting(kind: ForgeKind) async throws {
        let sender = RecordingSender { _ in .init(201) }
        let api = try Self.api(kind, sender)
        #expect(api.kind == kind)
        for _ in 0..<2 { #expect(try await api.post(Self.status(), to: Self.repository) == .accepted) }
        #expect(sender.sent.map(\.method) == ["POST", "POST"])
        #expect(sender.sent.allSatisfy { $0.headers["User-Agent"] == "pawl" })
        #expect(sender.sent[0].json == sender.sent[1].json)
    }

    @Test("a text that was made too long is cut to 140 characters", arguments: ForgeKind.allCases)
    func longText(kind: ForgeKind) async throws {
        let sender = RecordingSender { _ in .init(201) }
        var status = Self.status()
        status.text = String(repeating: "🎉 long\n", count: 100)
        _ = try await Self.api(kind, sender).post(status, to: Self.repository)
        let text = try #require(sender.sent.first?.json?["description"]?.text)
        #expect(text.utf16.count <= 140 && !text.contains("\n"))
    }

    @Test("an outage may pass, a refusal does not, and neither shows the credential", arguments: ForgeKind.allCases)
    func failures(kind: ForgeKind) async throws {
        let cases: [(RecordingSender, Bool)] = [
            (RecordingSender { _ in .init(500, text: "<html>") }, true),
            (RecordingSender { _ in .init(503) }, true), (RecordingSender { _ in .init(429) }, true),
            (RecordingSender { _ in throw HTTPError(.connectionFailed, message: "nobody answers") }, true),
            (RecordingSender { _ in throw HTTPError(.broken, message: "the connection broke") }, true),
            (RecordingSender { _ in .init(401) }, false), (RecordingSender { _ in .init(403) }, false),
            (RecordingSender { _ in .init(404) }, false), (RecordingSender { _ in .init(422) }, false),
        ]
        for (sender, isTransient) in cases {
            let api = try Self.api(kind, sender)
            let error = try await #require(throws: ForgeError.self) {
                try await api.post(Self.status(), to: Self.repository)
            }
            #expect(error.isTransient == isTransient, "\(error)")
            #expect(!error.message.contains("verysecret") && !error.message.contains("\n"))
        }
    }

    @Test("cancelling is no error of the forge", arguments: ForgeKind.allCases)
    func cancellation(kind: ForgeKind) async throws {
        let sender = RecordingSender { _ in throw HTTPError(.cancelled, message: "cancelled") }
        let api = try Self.api(kind, sender)
        await #expect(throws: CancellationError.self) { try await api.post(Self.status(), to: Self.repository) }
    }

    @Test(
        "a webhook made again is changed in place, so that at no moment there is none",
        arguments: [ForgeKind.github, .gitlab])
    func changingHooks(kind: ForgeKind) async throws {
        let sender = RecordingSender { sent in
            guard sent.method == "GET" else { return .init(sent.method == "DELETE" ? 204 : 200, ["id": 10]) }
            func hook(_ id: Int64, _ url: JSONValue) -> JSONValue {
                ["id": .integer(id), "url": url, "config": ["url": url]]
            }
            let ours: JSONValue = "https://pawl.example/hooks/f/1"
            return .init(200, [hook(10, ours), hook(20, "https://other.example/"), hook(30, ours)])
        }
        let wish = HookWish(url: "https://pawl.example/hooks/f/1", secret: Redacted("s"))
        #expect(try await Self.api(kind, sender).makeHook(wish, on: Self.repository).id == 10)
        let changes = sender.sent.filter { $0.method != "GET" }
        #expect(changes.map(\.method) == [kind == .github ? "PATCH" : "PUT", "DELETE"])
        #expect(changes.map { $0.url.hasSuffix("/hooks/10") } == [true, false])
        #expect(changes.last?.url.hasSuffix("/hooks/30") == true, "only one is left with that address")
    }

    @Test("an address that is none is refused at once")
    func addresses() {
        let sender = RecordingSender { _ in .init(201) }
        for address in ["", "lab.example", "ftp://lab.example", "https://lab example"] {
            #expect {
                try GitLabAPI(forge: "f", address: address, token: Redacted("t"), sender: sender, now: { Self.now })
            } throws: {
                ($0 as? ForgeError)?.code == .misconfigured
            }
        }
    }

    @Test("what is no commit id never becomes part of a path", arguments: [ForgeKind.github, .gitlab])
    func commits(kind: ForgeKind) async throws {
        let sender = RecordingSender { _ in .init(201) }
        let api = try Self.api(kind, sender)
        for commit in ["", "main", "../../hooks", String(repeating: "g", count: 40)] {
            await #expect(throws: ForgeError.self) {
                try await api.post(Self.status(commit: commit), to: Self.repository)
            }
        }
        #expect(sender.sent.isEmpty)
    }
}
