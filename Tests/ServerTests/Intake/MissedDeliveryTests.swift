import Forges
import Foundation
import HTTPTransport
import PipelineModel
import Store
import TestSupport
import Testing

@testable import Server

@Suite("A delivery that never came, with the forge's own API", .timeLimit(.minutes(4)))
struct MissedDeliveryTests {
    private static let secret = "a secret of this webhook"

    @Test("what GitHub could not deliver while the server was away becomes a pipeline, once")
    func redelivered() async throws {
        try await StubForge.lend(.github) { forge in
            let repository = try await forge.createRepository("ml/churn")
            let token = forge.createToken(for: "ml")
            let client = HTTPClient()
            defer { client.shutdown() }
            let start = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
            var options = TestServer.Options()
            options.startsAt = start
            options.githubAPI = try GitHubAPI(
                forge: "github", address: forge.url + "/api/v3", credential: .token(Redacted(token)),
                cloneCredential: GitCredential(user: "x-access-token", password: Redacted(token)), sender: client,
                now: { start })
            try await TestServer.serve(options) { server in
                let reference = RepositoryReference(
                    forge: "github", remoteID: repository.id, name: "ml/churn", cloneURL: forge.cloneURL("ml/churn"),
                    defaultBranch: "main")
                _ = try await server.store.addRepository(reference, now: server.now)
                let number = try forge.addHook(
                    to: "ml/churn", url: "http://127.0.0.1:\(server.port)/hooks/github/churn", secret: Self.secret,
                    events: ["push"])
                // The server does not know its hook yet, and so does not take what comes.
                let commit = try server.git.push([".pawl.yml": TestServer.pipelineFile])
                try await server.git.gitAside(
                    ["push", "-q", forge.cloneURL("ml/churn", token: token), "HEAD:refs/heads/main"],
                    in: server.git.checkout)
                _ = try await forge.record { $0.deliveries.contains { $0.answer == 404 } }
                #expect(try await server.store.deliveries().isEmpty)

                let hook = try await server.addHook("churn", of: "github", Self.secret, remoteID: repository.id)
                try await server.store.setRemoteHookID(number, of: hook.id, now: server.now)
                let events = MissedEvents(
                    store: server.store, forges: server.forges, mirrors: server.mirrors, interval: .zero,
                    jitter: { 0 }, now: { server.now }, logger: server.logger)
                var looks = MissedEvents.Looks()
                await events.look(&looks)
                _ = try await forge.record { $0.deliveries.contains { $0.isRedelivery && $0.answer == 202 } }
                await events.look(&looks)

                while await server.intake.takeDue() == .progress {}
                let deliveries = try await server.store.deliveries().filter { $0.forge == "github" }
                #expect(deliveries.map(\.event) == ["push"] && deliveries.first?.state == .planned)
                #expect(try await server.store.pipelines().map(\.commit) == [commit])
                let heads = try await server.store.heads(of: hook)
                #expect(heads.commits == ["refs/heads/main": commit] && heads.since != nil)
            }
        }
    }
}

extension Store {
    /// The heads of the repository that a hook is bound to.
    fileprivate func heads(of hook: Hook) async throws -> KnownHeads {
        let remoteID = try #require(hook.remoteIDs.first)
        let repository = try #require(try await repository(forge: hook.forge, remoteID: remoteID))
        return try await heads(of: repository.id)
    }
}
