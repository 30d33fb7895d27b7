import Forges
import Foundation
import HTTPTransport
import PipelineModel
import Signing
import Subprocess
import TestSupport
import Testing

/// The stub forge is what other suites rely on: here it is held to what the real forges do.
@Suite("stub forge", .timeLimit(.minutes(4)))
struct StubForgeTests {
    /// A clone with one commit, pushed over HTTP.
    private struct Clone {
        let folder: String

        init(of url: String) async throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "clone-\(UUID().uuidString)").path
            try await git(["init", "--quiet", "--initial-branch", "main", folder], inside: false)
            try await git(["remote", "add", "origin", url])
        }

        @discardableResult
        func git(_ arguments: [String], inside: Bool = true) async throws -> String {
            let identity = ["-c", "user.name=Mira", "-c", "user.email=mira@example.com"]
            let result = try await run(
                .name("git"), arguments: Arguments((inside ? ["-C", folder] + identity : []) + arguments),
                environment: .inherit.updating(["GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null"]),
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
            guard result.terminationStatus.isSuccess else { throw GitFailure(said: result.standardError) }
            return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        /// Commits a file and gives the commit's id.
        func commit(_ name: String, _ text: String) async throws -> String {
            try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            try await git(["add", "--all"])
            try await git(["commit", "--quiet", "--message", "Change \(name)"])
            return try await git(["rev-parse", "HEAD"])
        }
    }

    private struct GitFailure: Error { let said: String }

    private let client = HTTPClient()

    /// One API request as a client of the forge makes it.
    private func call(
        _ forge: StubForge, _ method: String, _ path: String, _ body: JSONValue? = nil, token: String
    ) async throws -> (status: Int, headers: HTTPHeaders, body: JSONValue?) {
        let authorization =
            forge.kind == .gitlab
            ? (name: "PRIVATE-TOKEN", value: token) : (name: "Authorization", value: "Bearer \(token)")
        let answer = try await client.send(
            HTTPRequest(
                method, forge.url + path, headers: [authorization, ("Content-Type", "application/json")],
                body: body.map { .bytes($0.bytes) } ?? .none, headerTimeout: .seconds(20)))
        let bytes = try await answer.collect(upTo: 1 << 20)
        return (answer.status, answer.headers, try? JSONValue(parsing: bytes))
    }

    /// A forge with a pushed repository, its clone and a token.
    private func withRepository(
        _ kind: ForgeKind, _ body: (StubForge, Clone, _ token: String, _ commit: String) async throws -> Void
    ) async throws {
        try await StubForge.lend(kind) { forge in
            try await forge.createRepository("mira/churn")
            let token = forge.createToken(for: "mira")
            let clone = try await Clone(of: forge.cloneURL("mira/churn", token: token))
            defer { try? FileManager.default.removeItem(atPath: clone.folder) }
            let commit = try await clone.commit("a.txt", "one")
            try await clone.git(["push", "--quiet", "origin", "main"])
            try await body(forge, clone, token, commit)
        }
    }

    @Test("a push without the right token is refused, and so is a clone of a private repository")
    func credentials() async throws {
        try await withRepository(.github) { forge, clone, _, _ in
            let reader = forge.createToken(for: "jo", mayWrite: false)
            try await clone.git(["ls-remote", forge.cloneURL("mira/churn", token: reader)])
            for url in [forge.cloneURL("mira/churn", token: reader), forge.cloneURL("mira/churn", token: "wrong")] {
                await #expect(throws: GitFailure.self) { try await clone.git(["push", url, "main:other"]) }
            }
            await #expect(throws: GitFailure.self) { try await clone.git(["ls-remote", forge.cloneURL("mira/churn")]) }
        }
    }

    @Test(
        "a push sends a webhook that Pawl's own verifier accepts and reads",
        arguments: [(ForgeKind.github, "s3cret"), (.gitlab, "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")])
    func pushWebhook(kind: ForgeKind, secret: String) async throws {
        try await HookReceiver.lend { receiver in
            try await withRepository(kind) { forge, clone, _, before in
                let isGitHub = kind == .github
                try forge.addHook(
                    to: "mira/churn", url: receiver.url, secret: isGitHub ? secret : nil,
                    signingToken: isGitHub ? nil : secret)
                let after = try await clone.commit("b.txt", "two")
                try await clone.git(["push", "--quiet", "origin", "main"])
                var arrivals = receiver.deliveries.makeAsyncIterator()
                let delivery = try #require(await arrivals.next())
                let secrets =
                    try isGitHub
                    ? HookSecrets.github([Redacted(secret)]) : HookSecrets.gitlab(signingTokens: [Redacted(secret)])
                let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
                let verdict = try WebhookVerifier.verdict(
                    on: delivery.body, secrets: secrets, headers: delivery.headers, now: now)
                #expect(verdict.isAccepted)
                let event = try PayloadReader(kind: kind, forge: "stub")
                    .delivery(headers: delivery.headers, body: delivery.body).event
                #expect(event.kind == .push)
                #expect(event.ref == "refs/heads/main")
                #expect(event.before == before)
                #expect(event.commit == after)
                #expect(event.changedFiles == ["b.txt"])
                let repository = try forge.repository("mira/churn")
                #expect(event.repository?.remoteID == repository.id)
            }
        }
    }

    @Test("GitHub refuses a description of 141 characters and an unknown commit, and takes the rest")
    func gitHubStatuses() async throws {
        try await withRepository(.github) { forge, _, token, commit in
            func post(_ text: String, to commit: String) async throws -> Int {
                let body: JSONValue = ["state": "success", "context": "pawl/push", "description": .string(text)]
                let path = "/repos/mira/churn/statuses/\(commit)"
                return try await call(forge, "POST", path, body, token: token).status
            }
            let answers = [
                try await post("ok", to: commit),
                try await post(String(repeating: "é", count: 141), to: commit),
                try await post("ok", to: String(repeating: "a", count: 40)),
            ]
            #expect(answers == [201, 422, 422])
            #expect(forge.record.statuses.map(\.description) == ["ok"])
            #expect(forge.record.newest(for: commit)["pawl/push"]?.state == "success")
        }
    }

    @Test("GitLab answers 400 to a status in the state it has, and begins a new one after a final state")
    func gitLabStatuses() async throws {
        try await withRepository(.gitlab) { forge, _, token, commit in
            func post(_ state: String) async throws -> (Int, Int64?) {
                let answer = try await call(
                    forge, "POST", "/api/v4/projects/mira%2Fchurn/statuses/\(commit)",
                    ["state": .string(state), "name": "pawl/push", "ref": "main"], token: token)
                return (answer.status, answer.body?["pipeline_id"]?.whole)
            }
            let first = try await post("pending")
            var statuses: [Int] = [first.0]
            for state in ["pending", "running", "pending", "success"] { statuses.append(try await post(state).0) }
            #expect(statuses == [201, 400, 201, 400, 201])
            let again = try await post("pending")
            #expect(again.0 == 201)
            #expect(again.1 == first.1, "it is appended to the pipeline there is")
            let newer = try forge.beginPipeline(for: commit, ref: "main", in: "mira/churn")
            let parted = try await post("pending")
            #expect(parted == (201, newer), "what names no pipeline goes to the newest, and is new there")
        }
    }

    @Test("GitLab switches a hook off after four failures in a row")
    func hookDisabling() async throws {
        try await withRepository(.gitlab) { forge, clone, token, _ in
            let hook = try forge.addHook(to: "mira/churn", url: forge.url + "/nobody", secret: "t")
            for number in 1...5 {
                _ = try await clone.commit("\(number).txt", "text")
                try await clone.git(["push", "--quiet", "origin", "main"])
                if number <= 4 { _ = try await forge.record { $0.deliveries.count == number } }
            }
            let answer = try await call(forge, "GET", "/api/v4/projects/mira%2Fchurn/hooks/\(hook)", token: token)
            #expect(answer.body?["alert_status"]?.text == "temporarily_disabled")
            #expect(forge.record.deliveries.count == 4)
        }
    }

    @Test(
        "an outage hits as many requests as it says and is told in the forge's way",
        arguments: [
            (Outage.Kind.internalError, 500), (.forbidden, 403), (.tooMany, 429), (.unprocessable, 422),
            (.exhausted, 403),
        ])
    func outages(kind: Outage.Kind, status: Int) async throws {
        try await withRepository(.github) { forge, _, token, _ in
            forge.begin(Outage(kind, count: 2, retryAfterSeconds: 7))
            for _ in 1...2 {
                let answer = try await call(forge, "GET", "/repos/mira/churn", token: token)
                #expect(answer.status == status)
                if status == 429 || kind == .forbidden { #expect(answer.headers["Retry-After"] == "7") }
                if kind == .exhausted { #expect(answer.headers["X-RateLimit-Remaining"] == "0") }
            }
            let afterwards = try await call(forge, "GET", "/repos/mira/churn", token: token)
            #expect(afterwards.status == 200)
        }
    }

    @Test("a forge that is down cuts the connection, and one that hangs answers when the outage ends")
    func downAndHanging() async throws {
        try await withRepository(.github) { forge, _, token, _ in
            forge.begin(Outage(.down, count: 1))
            await #expect(throws: HTTPError.self) { try await call(forge, "GET", "/repos/mira/churn", token: token) }
            forge.begin(Outage(.hang, count: 1))
            async let hanging = call(forge, "GET", "/repos/mira/churn", token: token)
            _ = try await forge.record { $0.refusals.contains { $0.reason == "outage hang" } }
            forge.endOutages()
            let answer = try await hanging
            #expect(answer.status == 200)
        }
    }

    @Test("a lost answer leaves the status at the forge")
    func lostAnswer() async throws {
        try await withRepository(.github) { forge, _, token, commit in
            forge.begin(Outage(.lostAnswer, count: 1))
            let answer = try await call(
                forge, "POST", "/repos/mira/churn/statuses/\(commit)", ["state": "pending", "context": "pawl/push"],
                token: token)
            #expect(answer.status == 502)
            #expect(forge.record.statuses.count == 1)
        }
    }

    @Test("a pull request from a fork names both repositories, and a push to it moves its head")
    func forkedPullRequest() async throws {
        try await withRepository(.github) { forge, clone, token, _ in
            let fork = try await forge.createRepository("jo/churn", forkOf: "mira/churn")
            let jo = forge.createToken(for: "jo")
            let first = try await clone.commit("c.txt", "three")
            try await clone.git(["push", "--quiet", forge.cloneURL("jo/churn", token: jo), "HEAD:refs/heads/idea"])
            let request = try await forge.openPullRequest(in: "mira/churn", from: "idea", fork: "jo/churn")
            var shown = try await call(forge, "GET", "/repos/mira/churn/pulls/\(request.number)", token: token)
            #expect(shown.body?["head"]?["sha"]?.text == first)
            #expect(shown.body?["head"]?["repo"]?["id"]?.whole == fork.id)
            let second = try await clone.commit("c.txt", "four")
            try await clone.git(["push", "--quiet", forge.cloneURL("jo/churn", token: jo), "HEAD:refs/heads/idea"])
            shown = try await call(forge, "GET", "/repos/mira/churn/pulls/\(request.number)", token: token)
            #expect(shown.body?["head"]?["sha"]?.text == second)
        }
    }

    @Test("a failed delivery is listed and sent again with the same id")
    func redelivery() async throws {
        try await withRepository(.github) { forge, clone, token, _ in
            let hook = try forge.addHook(to: "mira/churn", url: "http://127.0.0.1:1/", secret: "s")
            _ = try await clone.commit("b.txt", "two")
            try await clone.git(["push", "--quiet", "origin", "main"])
            let first = try #require(try await forge.record { !$0.deliveries.isEmpty }.deliveries.first)
            let path = "/repos/mira/churn/hooks/\(hook)/deliveries"
            let list = try await call(forge, "GET", path, token: token)
            #expect(list.body?.elements?.first?["guid"]?.text == first.guid)
            let answer = try await call(forge, "POST", "\(path)/\(first.id)/attempts", token: token)
            #expect(answer.status == 202)
            let second = try #require(try await forge.record { $0.deliveries.count == 2 }.deliveries.last)
            #expect(second.guid == first.guid)
            #expect(second.isRedelivery)
        }
    }

    @Test(
        "a request that the API does not know is refused and kept in the record",
        .enabled(if: ConformanceFolder.path != nil, Comment(rawValue: ConformanceFolder.absence)))
    func schemas() async throws {
        try await withRepository(.github) { forge, _, token, commit in
            let answer = try await call(
                forge, "POST", "/repos/mira/churn/statuses/\(commit)", ["state": "success", "colour": "green"],
                token: token)
            #expect(answer.status == 422)
            #expect(forge.record.violations.count == 1)
            #expect(forge.record.violations.first?.contains("colour") == true)
            #expect(forge.record.statuses.isEmpty)
        }
    }

    @Test("an App's token is minted for its own signature only, for one repository, and clones it")
    func appTokens() async throws {
        try await withRepository(.github) { forge, clone, _, _ in
            let pem = try await run(
                .name("openssl"), arguments: ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                output: .string(limit: 1 << 16)
            ).standardOutput
            let publicKey = try await run(
                .name("openssl"), arguments: ["pkey", "-pubout"], input: .string(pem), output: .string(limit: 1 << 16)
            ).standardOutput
            let installation = forge.installApp(id: "77", publicKey: publicKey)
            let now = Int64(Date().timeIntervalSince1970)
            let claims: JSONValue = ["iat": .integer(now - 60), "exp": .integer(now + 540), "iss": "77"]
            let own = try RSASigningKey(pem: pem).webToken(claims: claims.bytes)
            let path = "/app/installations/\(installation)/access_tokens"
            let repository = try forge.repository("mira/churn")
            let minted = try await call(
                forge, "POST", path,
                ["repository_ids": [.integer(repository.id)], "permissions": ["contents": "read"]], token: own)
            let token = try #require(minted.body?["token"]?.text)
            try await clone.git(["ls-remote", forge.cloneURL("mira/churn", token: token)])
            await #expect(throws: GitFailure.self) {
                try await clone.git(["push", forge.cloneURL("mira/churn", token: token), "main:other"])
            }
            let parts = own.split(separator: ".")
            let forged = "\(parts[0]).\(parts[1]).\(parts[2].reversed().map(String.init).joined())"
            let refused = try await call(forge, "POST", path, [:], token: forged)
            #expect(refused.status == 401)
        }
    }

    @Test("a token that has run out counts no more")
    func expiry() async throws {
        try await withRepository(.github) { forge, _, _, _ in
            let old = forge.createToken(for: "mira", lifetime: -1)
            let answer = try await call(forge, "GET", "/repos/mira/churn", token: old)
            #expect(answer.status == 401)
        }
    }
}
