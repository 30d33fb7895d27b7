import Forges
import Foundation
import HTTPTransport
import PipelineModel
import Signing
import Store
import TestSupport
import Testing

@testable import Server

/// Statuses on their whole way: outbox, publisher, the forge's API, HTTP, a forge that keeps to its limits.
@Suite("Telling a forge over HTTP", .timeLimit(.minutes(4)))
struct HostedStatusTests {
    /// A forge with a repository, a server that owes it statuses, and a publisher that runs.
    private struct Bench: Sendable {
        let forge: StubForge
        let server: TestServer
        let repository: StoredRepository
        let commit: String

        /// Owes the statuses of a pipeline with so many jobs.
        func owe(jobs count: Int) async throws {
            let names = (1...count).map { "job-\($0)" }
            let plan = Plan(
                stages: ["all"], jobs: names.map { PlannedJob(name: $0, stage: "all", script: ["true"]) })
            let new = NewPipeline(
                repository: repository.id, source: .push, ref: "refs/heads/main", commit: commit,
                trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan))
            guard case .created = try await server.store.createPipeline(new, finishing: nil, now: server.now) else {
                throw StoreError(.invalid, message: "not created")
            }
        }

        /// Waits until the forge has a number of statuses of the commit.
        func told(_ count: Int) async throws -> [ForgeRecord.Status] {
            let commit = commit
            return try await forge.record { $0.statuses.count { $0.commit == commit } >= count }.statuses
        }
    }

    private static func lend(
        limits: StubLimits = .usual(.github), credential: (StubForge) throws -> GitHubCredential,
        to body: @escaping @Sendable (Bench) async throws -> Void
    ) async throws {
        var settings = StubForge.Settings.checked(.github)
        settings.limits = limits
        try await StubForge.lend(.github, settings: settings) { forge in
            let made = try await forge.createRepository("ml/churn")
            let client = HTTPClient()
            defer { client.shutdown() }
            let wall: @Sendable () -> Timestamp = {
                Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
            }
            var options = TestServer.Options()
            options.startsAt = wall()
            options.githubAPI = try GitHubAPI(
                forge: "github", address: forge.url, credential: try credential(forge), sender: client, now: wall)
            try await TestServer.serve(options) { server in
                let commit = try server.git.push(["a.txt": "a"])
                try server.git.git(
                    ["push", "-q", forge.folder + "/ml/churn.git", "HEAD:refs/heads/main"], in: server.git.checkout)
                let repository = try await server.store.addRepository(
                    RepositoryReference(
                        forge: "github", remoteID: made.id, name: "ml/churn", cloneURL: forge.cloneURL("ml/churn"),
                        defaultBranch: "main"), now: server.now)
                let publisher = StatusPublisher(
                    store: server.store, forges: server.forges,
                    pace: RetryPace(first: .milliseconds(10), longest: .milliseconds(50), sweep: .milliseconds(100)),
                    now: wall, logger: server.logger)
                let task = Task { try await publisher.run() }
                defer { task.cancel() }
                try await body(Bench(forge: forge, server: server, repository: repository, commit: commit))
                #expect(forge.record.violations.isEmpty)
            }
        }
    }

    @Test("an App mints its token and tells with it")
    func app() async throws {
        try await Self.lend { forge in
            let key = try RSASigningKey(pem: TestKeys.rsa)
            _ = forge.installApp(id: "77", publicKey: TestKeys.rsaPublic)
            return .app(id: "77", key: key)
        } to: { bench in
            try await bench.owe(jobs: 1)
            let told = try await bench.told(2)
            #expect(told.map(\.state) == ["pending", "pending"])
            #expect(bench.forge.record.refusals.isEmpty)
        }
    }

    @Test("of a limit that is spent nothing is asked before it begins anew")
    func spentLimit() async throws {
        try await Self.lend {
            .token(Redacted($0.createToken(for: "ml")))
        } to: { bench in
            bench.forge.leaveRequests(1, forSeconds: 8)
            try await bench.owe(jobs: 3)
            _ = try await bench.forge.record { !$0.refusals.isEmpty }
            let reset = bench.forge.resetOfRequests
            _ = try await bench.told(4)
            let refusals = bench.forge.record.refusals
            // Those that were on their way when the first refusal came.
            #expect(!refusals.isEmpty && refusals.count <= 8, "\(refusals.count)")
            #expect(bench.forge.record.statuses.dropFirst().allSatisfy { $0.receivedAt >= reset })
        }
    }

    @Test("an outage of GitHub's primary limit ends at its reset")
    func exhausted() async throws {
        try await Self.lend {
            .token(Redacted($0.createToken(for: "ml")))
        } to: { bench in
            bench.forge.begin(Outage(.exhausted, count: 1, retryAfterSeconds: 2))
            let began = Date()
            try await bench.owe(jobs: 1)
            let told = try await bench.told(2)
            #expect(told.allSatisfy { $0.receivedAt.timeIntervalSince(began) > 1 })
            #expect(bench.forge.record.refusals.count == 1)
        }
    }

    @Test("writes that are refused as too many wait for as long as the forge says, and all arrive")
    func writeLimit() async throws {
        let limits = StubLimits(requestsPerHour: 5_000, writes: 5, window: .seconds(2))
        try await Self.lend(limits: limits) {
            .token(Redacted($0.createToken(for: "ml")))
        } to: { bench in
            try await bench.owe(jobs: 8)
            #expect(try await bench.told(9).count == 9)
            #expect(bench.forge.record.refusals.count <= 2, "the forge is left alone for as long as it asked")
        }
    }

    @Test("while the credential is refused everything stays owed, and is told once it is good again")
    func renewedToken() async throws {
        let text = "ghp_renewed"
        try await Self.lend { _ in
            .token(Redacted(text))
        } to: { bench in
            try await bench.owe(jobs: 2)
            _ = try await bench.forge.record { $0.refusals.count { $0.status == 401 } >= 5 }
            #expect(try await bench.server.store.outbox().allSatisfy { $0.state == .owed })
            _ = bench.forge.createToken(for: "ml", text: text)
            #expect(try await bench.told(3).count == 3)
        }
    }

    @Test("a repository that was renamed at GitHub is told under its new name")
    func renamed() async throws {
        try await Self.lend {
            .token(Redacted($0.createToken(for: "ml")))
        } to: { bench in
            try bench.forge.renameRepository("ml/churn", to: "ml/attrition")
            try await bench.owe(jobs: 1)
            #expect(try await bench.told(2).allSatisfy { $0.repository == "ml/attrition" })
            let known = try await bench.server.store.repository(bench.repository.id)
            #expect(known?.reference.name == "ml/attrition")
        }
    }
}
