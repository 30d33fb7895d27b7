import PipelineModel
import Store
import Testing

@testable import Forges
@testable import Server

/// `pawl repo add`, and what becomes of a hook's secret when it is called again.
@Suite("A hook's secret")
struct HookRotationTests {
    private static let commit = String(repeating: "a", count: 40)
    /// The number that the scripted forges give every repository.
    private static let remoteID: Int64 = 9

    private static func add(to server: TestServer, _ forge: String) async throws -> RepositoryAdditionView {
        let adder = RepositoryAdder(
            store: server.store, vault: server.vault, forges: server.forges, publicURL: "https://pawl.test",
            now: { server.now })
        return try await adder.add(RepositoryRequest(url: "https://x/ml/churn", forge: forge), by: "mira")
    }

    /// Sends a push as GitHub would that has this secret.
    private static func github(_ server: TestServer, _ secret: Redacted) async throws -> Int {
        let push = SignedRequest.push(commit, remoteID: remoteID)
        return try await server.send(.github(push, hook: "r9", secret: secret.revealed)).status
    }

    /// Sends a push as a GitLab would that signs.
    private static func gitlab(_ server: TestServer, signedWith secret: Redacted) async throws -> Int {
        let request = try SignedRequest.gitlab(
            commit, now: server.now, projectID: remoteID, hook: "r9", signedWith: secret.revealed)
        return try await server.send(request).status
    }

    /// Sends a push as a GitLab would that knows no signing tokens.
    private static func gitlab(_ server: TestServer, token: Redacted?) async throws -> Int {
        let request = try SignedRequest.gitlab(
            commit, now: server.now, token: token?.revealed ?? "none", projectID: remoteID, hook: "r9")
        return try await server.send(request).status
    }

    @Test("stays the same through tries that fail, and the one before counts until the new one is seen")
    func failingTries() async throws {
        try await TestServer.serve { server in
            server.github.change { script in
                script.test = { wish in
                    let status = try await Self.github(server, wish.secret)
                    #expect(status == 202)
                }
            }
            #expect(try await Self.add(to: server, "github").checks.allSatisfy { $0.verdict == .good })
            let first = try #require(server.github.script.wishes.last?.secret)

            let down = ForgeError(.unreachable, message: "No answer came.")
            server.github.change { $0.test = { _ in throw down } }
            for _ in 1...3 { await #expect(throws: APIRefusal.self) { try await Self.add(to: server, "github") } }
            let second = try #require(server.github.script.wishes.last?.secret)
            #expect(first != second)
            #expect(Set(server.github.script.wishes.map(\.secret)) == [first, second])
            // The forge may have taken the new one or not: either is good, until the new one is seen.
            #expect(try await Self.github(server, first) == 202)
            #expect(try await Self.github(server, second) == 202)
            #expect(try await Self.github(server, first) == 403)
            #expect(try await Self.github(server, second) == 202)
        }
    }

    @Test("of a GitLab that does not sign is its plain token, also while it is changed")
    func plainToken() async throws {
        try await TestServer.serve { server in
            server.gitlab.change { script in
                script.receipt = HookReceipt(id: 77, isSigning: false)
                script.test = { wish in
                    let status = try await Self.gitlab(server, token: wish.token)
                    #expect(status == 202)
                }
            }
            _ = try await Self.add(to: server, "gitlab")
            let first = try #require(server.gitlab.script.wishes.last)
            #expect(try await Self.gitlab(server, signedWith: first.secret) == 401, "it showed that it does not sign")

            // The forge is not reached: it still sends what it had.
            server.gitlab.change { $0.makes = false }
            await #expect(throws: APIRefusal.self) { try await Self.add(to: server, "gitlab") }
            #expect(try await Self.gitlab(server, token: first.token) == 202)

            server.gitlab.change { $0.makes = true }
            _ = try await Self.add(to: server, "gitlab")
            let second = try #require(server.gitlab.script.wishes.last)
            #expect(second.token != first.token)
            #expect(try await Self.gitlab(server, token: first.token) == 403)
            #expect(try await Self.gitlab(server, token: second.token) == 202)
        }
    }

    @Test("goes from the plain token to signatures when the GitLab has become newer")
    func newerServer() async throws {
        try await TestServer.serve { server in
            server.gitlab.change { script in
                script.receipt = HookReceipt(id: 77, isSigning: false)
                script.test = { wish in
                    let status = try await Self.gitlab(server, token: wish.token)
                    #expect(status == 202)
                }
            }
            _ = try await Self.add(to: server, "gitlab")
            let plain = server.gitlab.script.wishes.last?.token
            server.gitlab.change { script in
                script.receipt = HookReceipt(id: 77, isSigning: true)
                script.test = { wish in
                    let statuses = [
                        try await Self.gitlab(server, token: plain),
                        try await Self.gitlab(server, signedWith: wish.secret),
                    ]
                    #expect(statuses == [202, 202], "the first was on its way since before")
                }
            }
            #expect(try await Self.add(to: server, "gitlab").checks.allSatisfy { $0.verdict == .good })
            let wish = try #require(server.gitlab.script.wishes.last)
            #expect(try await Self.gitlab(server, token: plain) == 401)
            #expect(try await Self.gitlab(server, token: wish.token) == 401, "a signature is mandatory now")
            #expect(try await Self.gitlab(server, signedWith: wish.secret) == 202)
        }
    }

    @Test("of a bare repository stays what its file says, and the one before counts until the new one is seen")
    func bare() async throws {
        try await TestServer.serve { server in
            let adder = RepositoryAdder(
                store: server.store, vault: server.vault, forges: server.forges, publicURL: nil, now: { server.now })
            func install(_ secret: String) async throws {
                let bare = BareRepositoryRequest(
                    remoteID: 11, name: "churn", defaultBranch: "main", hookSecret: secret)
                _ = try await adder.add(
                    RepositoryRequest(url: server.git.bare, forge: "git", bare: bare), by: "mira")
            }
            func send(_ secret: String) async throws -> Int {
                let repository = RepositoryReference(
                    forge: "git", remoteID: 11, name: "churn", cloneURL: server.git.bare, defaultBranch: "main")
                let body = GitHookMessage.ping(repository)
                let headers = try GitHookMessage.headers(
                    for: body, event: "ping", delivery: "d", secret: Redacted(secret), now: server.now)
                return try await server.send(SignedRequest(path: "/hooks/git/r11", headers: headers, body: body)).status
            }
            let secrets = ["the first secret there is", "the second secret there is", "a third one, that stays"]
            try await install(secrets[0])
            #expect(try await send(secrets[0]) == 202)
            try await install(secrets[0])
            try await install(secrets[1])
            try await install(secrets[2])
            #expect(try await send(secrets[0]) == 202, "neither of the newer ones has been seen")
            #expect(try await send(secrets[1]) == 403)
            #expect(try await send(secrets[2]) == 202)
            #expect(try await send(secrets[0]) == 403)
        }
    }
}
