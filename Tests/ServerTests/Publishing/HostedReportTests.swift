import Evaluation
import Forges
import Foundation
import HTTPTransport
import Logging
import NIOConcurrencyHelpers
import PipelineModel
import Signing
import Store
import TestSupport
import Testing

@testable import Server

/// Reports on their whole way: store, publisher, the forge's API, HTTP, a forge that checks what it is sent.
@Suite("The report on a pull request", .timeLimit(.minutes(4)))
struct HostedReportTests {
    private struct Bench: Sendable {
        let forge: StubForge
        let judging: JudgingBench
        let connection: ForgeConnection
        let publisher: ReportPublisher
        let request: Int64

        /// Sends what is owed, as long after it was caused as is waited for more.
        func send() async { await publisher.sendDue(to: connection) }

        var comments: [ForgeRecord.Comment] { forge.record.comments }
    }

    private static func lend(
        _ kind: ForgeKind, to body: @escaping @Sendable (Bench) async throws -> Void
    ) async throws {
        try await StubForge.lend(kind, settings: .checked(kind)) { forge in
            let made = try await forge.createRepository("ml/churn")
            let git = forge.folder + "/ml/churn.git"
            try await fill(git)
            let client = HTTPClient()
            defer { client.shutdown() }
            let token = Redacted(forge.createToken(for: "ml"))
            let later: @Sendable () -> Timestamp = { JudgingBench.now + .minutes(1) }
            let api: any ForgeAPI =
                switch kind {
                case .github:
                    try GitHubAPI(
                        forge: "hosted", address: forge.url, credential: .token(token), sender: client, now: later)
                default: try GitLabAPI(forge: "hosted", address: forge.url, token: token, sender: client, now: later)
                }
            let request = try await forge.openPullRequest(in: "ml/churn", from: "change")
            let connection = ForgeConnection(name: "hosted", kind: kind, api: api)
            let judging = try await JudgingBench(
                RepositoryReference(
                    forge: "hosted", remoteID: made.id, name: "ml/churn", cloneURL: forge.cloneURL("ml/churn"),
                    defaultBranch: "main"))
            let publisher = ReportPublisher(
                store: judging.store, forges: ForgeConnections([connection]),
                pageURL: { "https://pawl.example.com/\($0)" }, now: later,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            try await body(
                Bench(
                    forge: forge, judging: judging, connection: connection, publisher: publisher,
                    request: request.number))
            #expect(forge.record.violations.isEmpty)
        }
    }

    /// Two branches with a commit each.
    private static func fill(_ bare: String) async throws {
        let fixture = try GitFixture()
        _ = try fixture.push(["a.txt": "a"])
        for branch in ["main", "change"] {
            try fixture.git(["push", "-q", bare, "HEAD:refs/heads/\(branch)"], in: fixture.checkout)
        }
    }

    private static let main: [Double?] = [0.812, 0.807, 0.815, 0.809, 0.811]
    private static let worse: [Double?] = [0.804, 0.801, 0.809, 0.799, 0.806]

    @Test(
        "is made once and changed in place, from the first job to the verdict", arguments: [ForgeKind.github, .gitlab])
    func onePerRequest(kind: ForgeKind) async throws {
        try await Self.lend(kind) { bench in
            try await bench.judging.run(.main("a1"), Self.main)
            let place = JudgingBench.Place.pull(bench.request, "b1aaaaaaaa", after: ["a1"])
            let plan = JudgingBench.plan(seeds: 5, after: ["a1"])
            _ = try await bench.judging.make(place, plan: plan)
            await bench.send()
            #expect(bench.comments.count == 1)
            #expect(bench.comments[0].body.hasPrefix("**● Running: 0 of 2 jobs done.**"))
            try await bench.judging.carryOut(Self.worse)
            await bench.judging.judging.judgeAll()
            await bench.send()
            let comment = try #require(bench.comments.first)
            #expect(bench.comments.count == 1 && comment.edits == 1 && comment.request == bench.request)
            let lines = comment.body.split(separator: "\n").map(String.init)
            #expect(
                lines[0] == "**✗ Not yet: `f1` is worse than on `main`, by 0.0070. The gate allows 0.0020.**",
                "\(comment.body)")
            #expect(
                lines.contains(
                    "| **f1 ↑** | 0.8038 | 0.8108 | −0.0070 | −0.0101 to −0.0039 | ✗ worse, allowed −0.0020 |"),
                "\(comment.body)")
            #expect(comment.body.contains("at most 1 time in 20"))
            #expect(comment.body.contains("[#2](https://pawl.example.com/2)"))
            // Nothing new is nothing to send.
            await bench.send()
            #expect(bench.comments[0].edits == 1)
        }
    }

    @Test(
        "is found again where its number was lost, and made again where somebody removed it",
        arguments: [ForgeKind.github, .gitlab])
    func found(kind: ForgeKind) async throws {
        try await Self.lend(kind) { bench in
            let place = JudgingBench.Place.pull(bench.request, "b1aaaaaaaa", after: [])
            _ = try await bench.judging.make(place, plan: JudgingBench.plan(seeds: 1))
            let owed = try #require(
                try await bench.judging.store.dueReports(
                    to: "hosted", now: JudgingBench.now + .minutes(1)
                ).first)
            // As a crash between the comment and the note of its number leaves it.
            let text = "**an older one**\n<!-- \(owed.mark) -->"
            let first = try await bench.connection.api.putComment(
                text, on: bench.request, of: owed.repository, known: nil, mark: owed.mark)
            await bench.send()
            #expect(bench.comments.map(\.id) == [first] && bench.comments[0].edits == 1)
            let gone = try await bench.connection.api.putComment(
                text, on: bench.request, of: owed.repository, known: first + 1_000, mark: "other")
            #expect(gone != first && bench.comments.count == 2)
        }
    }

    @Test("goes on where there is no forge to tell: a service that ends takes the server with it")
    func nobody() async throws {
        let bench = try await JudgingBench()
        let publisher = ReportPublisher(
            store: bench.store, forges: ForgeConnections([]), pageURL: { _ in nil }, now: { JudgingBench.now },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let hasEnded = NIOLockedValueBox(false)
        let task = Task {
            try await publisher.run()
            hasEnded.withLockedValue { $0 = true }
        }
        try await Task.sleep(for: .milliseconds(100))
        #expect(!hasEnded.withLockedValue { $0 })
        task.cancel()
        try await task.value
    }

    @Test("a newer pipeline of the pull request has the comment, an older one that ends late has not")
    func newest() async throws {
        try await Self.lend(.github) { bench in
            let plan = JudgingBench.plan(seeds: 1)
            let old = try await bench.judging.make(.pull(bench.request, "b1aaaaaaaa", after: []), plan: plan)
            _ = try await bench.judging.make(.pull(bench.request, "b2bbbbbbbb", after: []), plan: plan)
            await bench.send()
            #expect(bench.comments[0].body.contains("[#2]"))
            try? await bench.judging.store.cancelPipeline(old, because: "late", by: "test", now: JudgingBench.now)
            await bench.send()
            #expect(bench.comments.count == 1 && bench.comments[0].body.contains("[#2]"))
        }
    }

    @Test("a forge that is away is told later, one that refuses is asked again with the next state")
    func refused() async throws {
        try await Self.lend(.github) { bench in
            let place = JudgingBench.Place.pull(99, "b1aaaaaaaa", after: [])
            let id = try await bench.judging.make(place, plan: JudgingBench.plan(seeds: 1))
            // There is no such pull request.
            await bench.send()
            #expect(bench.comments.isEmpty)
            let store = bench.judging.store
            #expect(try await store.dueReports(to: "hosted", now: JudgingBench.now + .hours(9)).isEmpty)
            try await store.cancelPipeline(id, because: "stopped", by: "test", now: JudgingBench.now)
            #expect(try await store.dueReports(to: "hosted", now: JudgingBench.now + .hours(9)).count == 1)
        }
    }
}
