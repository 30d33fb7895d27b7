import Forges
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Signing
import TestSupport
import Testing

@Suite("GitHub's API")
struct GitHubAPITests {
    private static let now = Timestamp(milliseconds: 1_764_000_000_000)
    private static let commit = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    private static let repository = RepositoryReference(
        forge: "hub", remoteID: 7, name: "ml/churn", cloneURL: "https://x.example/r.git", defaultBranch: "main")
    private static let status = CommitStatus(
        commit: commit, ref: "refs/heads/main", context: "pawl/push", state: .success, text: "4 passed")

    private static func api(
        _ credential: GitHubCredential = .token(Redacted("ghp_verysecret")), sender: RecordingSender,
        now: @escaping @Sendable () -> Timestamp = { GitHubAPITests.now }
    ) throws -> GitHubAPI {
        var once = RetryPolicy()
        once.attempts = 1
        return try GitHubAPI(forge: "hub", credential: credential, sender: sender, retry: once, now: now)
    }

    @Test("a status is posted in GitHub's words")
    func posting() async throws {
        let sender = RecordingSender { _ in .init(201) }
        #expect(try await Self.api(sender: sender).post(Self.status, to: Self.repository) == .accepted)
        let sent = try #require(sender.sent.first)
        #expect(sent.url == "https://api.github.com/repos/ml/churn/statuses/\(Self.commit)")
        #expect(sent.json?["state"] == "success" && sent.json?["description"] == "4 passed")
    }

    @Test(
        "every refusal says whether and when to try again, and never the token",
        arguments: [
            (401, [], "Bad credentials", ForgeError.Code.unauthorized, nil),
            (403, [], "Resource not accessible", .forbidden, nil), (404, [], "Not Found", .notFound, nil),
            (422, [], "No commit found for SHA", .refused, nil), (301, [], "Moved Permanently", .moved, nil),
            (500, [], "", .unavailable, nil), (503, [("Retry-After", "7")], "", .unavailable, 7),
            (403, [("Retry-After", "30")], "You have exceeded a secondary rate limit", .limited, 30),
            (403, [], "You have exceeded a secondary rate limit", .limited, 60),
            (403, [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1764000123")], "", .limited, 123),
            (429, [("Retry-After", "99999999")], "", .limited, 7_200), (429, [("Retry-After", "-5")], "", .limited, 60),
            (429, [("Retry-After", "Mon, 24 Nov 2025 16:00:30 GMT")], "", .limited, 30),
            // A wait of nothing, and a reset by a clock that is behind ours, still are a pause.
            (429, [("Retry-After", "0")], "", .limited, 1),
            (403, [("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "5")], "", .limited, 60),
        ] as [(Int, [(String, String)], String, ForgeError.Code, Int64?)])
    func refusals(
        status: Int, headers: [(String, String)], message: String, code: ForgeError.Code, wait: Int64?
    ) async throws {
        let sender = RecordingSender { _ in
            .init(status, ["message": .string(message)], headers: headers.map { (name: $0.0, value: $0.1) })
        }
        let api = try Self.api(sender: sender)
        let error = try await #require(throws: ForgeError.self) {
            try await api.post(Self.status, to: Self.repository)
        }
        #expect(error.code == code)
        #expect(error.retryAfter == wait.map { Self.now + .seconds($0) })
        #expect(error.isTransient == [.limited, .unavailable].contains(code))
        #expect(!error.message.contains("verysecret"))
    }

    @Test("what a person can put right is not the request's fault; what the forge finds wrong in it is")
    func faults() async throws {
        for (status, isOfRequest) in [(401, false), (403, false), (404, false), (301, false), (400, true), (422, true)]
        {
            let api = try Self.api(sender: RecordingSender { _ in .init(status) })
            let error = try await #require(throws: ForgeError.self) {
                try await api.post(Self.status, to: Self.repository)
            }
            #expect(error.isOfRequest == isOfRequest, "\(status)")
        }
    }

    @Test("a repository is found by its number, whatever it is called now")
    func renamed() async throws {
        let sender = RecordingSender { _ in
            .init(200, ["id": 7, "full_name": "ml/attrition", "clone_url": "https://x.example/ml/attrition.git"])
        }
        #expect(try await Self.api(sender: sender).repository(numbered: 7).name == "ml/attrition")
        #expect(sender.sent.map(\.url) == ["https://api.github.com/repositories/7"])
    }

    @Test("an answer that is no JSON, or none at all, may be tried again")
    func unreadable() async throws {
        let html = RecordingSender { _ in .init(200, text: "<html>") }
        let silent = RecordingSender { _ in throw HTTPError(.timedOut, message: "no answer within 30 s") }
        for (sender, code) in [(html, ForgeError.Code.unreadableAnswer), (silent, .unreachable)] {
            let api = try Self.api(sender: sender)
            let error = try await #require(throws: ForgeError.self) { try await api.repository(at: "ml/churn") }
            #expect(error.code == code && error.isTransient)
        }
    }

    @Test(
        "only owner/name becomes part of a path",
        arguments: ["", "x", "a/b/c", "a/..", "../b", "a/b?c", "a b/c", "é/b"])
    func paths(name: String) async throws {
        let sender = RecordingSender { _ in .init(200) }
        let api = try Self.api(sender: sender)
        await #expect(throws: ForgeError.self) { try await api.repository(at: name) }
        #expect(sender.sent.isEmpty)
    }

    @Test("an App's token is made once, used until shortly before its end, and then renewed")
    func appTokens() async throws {
        let clock = NIOLockedValueBox(Self.now)
        let minted = NIOLockedValueBox(0)
        let sender = RecordingSender { sent in
            if sent.url.hasSuffix("/installation") { return .init(200, ["id": 9]) }
            guard sent.url.hasSuffix("/app/installations/9/access_tokens") else { return .init(201) }
            let number = minted.withLockedValue { count in
                count += 1
                return count
            }
            return .init(201, ["token": .string("ghs_\(number)"), "expires_at": "2025-11-24T17:00:00Z"])
        }
        let api = try Self.api(
            .app(id: "12345", key: RSASigningKey(pem: TestKeys.rsa)), sender: sender,
            now: { clock.withLockedValue { $0 } })
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { _ = try await api.post(Self.status, to: Self.repository) } }
            try await group.waitForAll()
        }
        #expect(minted.withLockedValue { $0 } == 1)
        #expect(sender.sent.last?.headers["Authorization"] == "Bearer ghs_1")
        // The token ends at 17:00:00, an hour after `now`; five minutes before that it is renewed.
        clock.withLockedValue { $0 = Self.now + .seconds(55 * 60 - 1) }
        _ = try await api.post(Self.status, to: Self.repository)
        #expect(minted.withLockedValue { $0 } == 1)
        clock.withLockedValue { $0 = Self.now + .seconds(55 * 60) }
        _ = try await api.post(Self.status, to: Self.repository)
        #expect(sender.sent.last?.headers["Authorization"] == "Bearer ghs_2")
    }

    @Test("the App shows itself with a token of its own, signed with its key and good for minutes")
    func appIdentity() async throws {
        let sender = RecordingSender { _ in .init(404) }
        let api = try Self.api(.app(id: "12345", key: RSASigningKey(pem: TestKeys.rsa)), sender: sender)
        await #expect(throws: ForgeError.self) { try await api.repository(at: "ml/churn") }
        let header = try #require(sender.sent.first?.headers["Authorization"])
        let parts = header.dropFirst("Bearer ".count).split(separator: ".").map(String.init)
        #expect(parts.count == 3)
        let claims = try JSONValue(parsing: #require(Base64.decode(parts[1], as: .urlSafe)))
        #expect(claims == ["iss": "12345", "iat": 1_763_999_940, "exp": 1_764_000_540])
        #expect(Base64.decode(parts[2], as: .urlSafe)?.count == 256)
    }

    @Test("a token that GitHub no longer knows is renewed once")
    func revokedToken() async throws {
        let minted = NIOLockedValueBox(0)
        let sender = RecordingSender { sent in
            if sent.url.hasSuffix("/installation") { return .init(200, ["id": 9]) }
            if sent.url.hasSuffix("/access_tokens") {
                let number = minted.withLockedValue { count in
                    count += 1
                    return count
                }
                return .init(201, ["token": .string("ghs_\(number)"), "expires_at": "2026-11-24T00:00:00Z"])
            }
            return .init(sent.headers["Authorization"] == "Bearer ghs_1" ? 401 : 201)
        }
        let api = try Self.api(.app(id: "1", key: RSASigningKey(pem: TestKeys.rsa)), sender: sender)
        #expect(try await api.post(Self.status, to: Self.repository) == .accepted)
        #expect(minted.withLockedValue { $0 } == 2)
    }

    @Test("a clone credential is made for each attempt and can only read the one repository")
    func cloneCredential() async throws {
        let sender = RecordingSender { sent in
            sent.method == "GET"
                ? .init(200, ["id": 9]) : .init(201, ["token": "ghs_clone", "expires_at": "2026-11-24T04:00:00.000Z"])
        }
        let api = try Self.api(.app(id: "1", key: RSASigningKey(pem: TestKeys.rsa)), sender: sender)
        let credential = try #require(await api.cloneCredential(for: Self.repository))
        #expect(credential.user == "x-access-token" && credential.password.revealed == "ghs_clone")
        #expect(credential.expiresAt != nil)
        _ = try await api.cloneCredential(for: Self.repository)
        let bodies = sender.sent.filter { $0.method == "POST" }.map(\.json)
        #expect(bodies.count == 2)
        #expect(bodies.allSatisfy { $0 == ["repository_ids": [7], "permissions": ["contents": "read"]] })
        #expect(try await Self.api(sender: sender).cloneCredential(for: Self.repository) == nil)
        let named = try GitHubAPI(
            forge: "hub", credential: .token(Redacted("ghp_x")),
            cloneCredential: GitCredential(user: "reader", password: Redacted("p")), sender: sender, now: { Self.now })
        #expect(try await named.cloneCredential(for: Self.repository)?.user == "reader")
    }

    @Test(
        "a role belongs to a number: another account under the same name has none",
        arguments: [
            (1, "admin", "admin", AccountRole.maintain), (1, "write", "maintain", .maintain),
            (1, "write", "write", .write),
            (1, "read", "triage", .read), (1, "none", "none", .none), (2, "admin", "admin", .none),
        ] as [(Int64, String, String, AccountRole)])
    func roles(id: Int64, permission: String, name: String, role: AccountRole) async throws {
        let sender = RecordingSender { _ in
            .init(200, ["permission": .string(permission), "role_name": .string(name), "user": ["id": .integer(id)]])
        }
        let api = try Self.api(sender: sender)
        #expect(try await api.role(of: Event.Actor(remoteID: 1, name: "ada"), in: Self.repository) == role)
        #expect(try await api.role(of: Event.Actor(remoteID: nil, name: "ada"), in: Self.repository) == .none)
    }

    @Test("deliveries are read page by page until the moment asked for")
    func deliveries() async throws {
        let sender = RecordingSender { sent in
            func entry(_ id: Int64, _ time: String, _ code: Int64) -> JSONValue {
                [
                    "id": .integer(id), "guid": .string("g\(id)"), "delivered_at": .string(time),
                    "status_code": .integer(code), "event": "push",
                ]
            }
            if sent.url.contains("cursor=v1_77") {
                return .init(200, [entry(2, "2026-11-24T01:00:00Z", 200), entry(1, "2026-11-23T00:00:00Z", 200)])
            }
            return .init(
                200, [entry(4, "2026-11-24T03:00:00.5Z", 502), entry(3, "2026-11-24T02:00:00Z", 202)],
                headers: [
                    (
                        "Link",
                        #"<https://api.github.com/x?per_page=100&cursor=v1_77>; rel="next", <https://y>; rel="first""#
                    )
                ])
        }
        let since = Timestamp(milliseconds: 1_795_478_400_000)
        let found = try await Self.api(sender: sender).deliveries(ofHook: 1, on: Self.repository, since: since)
        #expect(found.map(\.id) == [4, 3, 2])
        #expect(found.map(\.isTaken) == [false, true, true])
        #expect(found.first?.key == "g4")
        #expect(sender.sent.count == 2)
    }

    @Test("branches of more than one page are all listed, and one that is not there is not protected")
    func branches() async throws {
        let sender = RecordingSender { sent in
            guard sent.url.contains("/branches?") else { return .init(404) }
            let count = sent.url.hasSuffix("page=1") ? 100 : 1
            return .init(
                200,
                .array(
                    (0..<count).map {
                        ["name": .string("b\($0)"), "commit": ["sha": .string(Self.commit)], "protected": true]
                    }))
        }
        let api = try Self.api(sender: sender)
        #expect(try await api.branchHeads(of: Self.repository).count == 101)
        #expect(try await !api.isProtected("refs/heads/gone", of: Self.repository))
    }
}

@Suite("Keys of GitHub Apps")
struct AppKeyTests {
    @Test("a key signs with RS256 as the openssl command does")
    func signature() throws {
        let key = try RSASigningKey(pem: TestKeys.rsa)
        let signature = try key.signature(of: Array("header.claims".utf8))
        #expect(
            Hex.encode(try SHA256Digest.of(signature))
                == "1db966371462ca922de4a74011900a13761af3fff51278f898ed3409481a4079")
        #expect("\(key)" == "[redacted]")
    }

    @Test(
        "what is no RSA key without a passphrase is refused, in words that show nothing of it",
        arguments: [
            "", "rubbish", String(TestKeys.rsa.prefix(400)),
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/P6pVfwrPpggGWo5
            tfwLNHbAYRB3roS1r1zXsPBdKvyhRANCAAQ0pk4RsMFUvdeXP/InA3NRUEkpCEoo
            L4pLQy4wsH5I/Z+Jdbrd7bMIYJ1wt/b3XRWkQTX0sgfDHwtm2KMRK5nC
            -----END PRIVATE KEY-----
            """,
            """
            -----BEGIN RSA PRIVATE KEY-----
            Proc-Type: 4,ENCRYPTED
            DEK-Info: AES-128-CBC,E0414C9F565B95499AEB41C138FD3200

            92IMF8GZpijfhw0bSqnDM1/fPOB/+keoM8IYNIDRG/L/MQXrMtv1DNhA1uazK72m
            -----END RSA PRIVATE KEY-----
            """,
        ])
    func badKeys(pem: String) throws {
        let error = #expect(throws: SigningError.self) { try RSASigningKey(pem: pem) }
        #expect(error?.code == .invalidKey)
        #expect(error?.message.contains("MI") == false)
    }
}
