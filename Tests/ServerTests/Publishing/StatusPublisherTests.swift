import Forges
import HTTPTransport
import NIOConcurrencyHelpers
import PipelineModel
import Store
import TestSupport
import Testing

@testable import Server

@Suite("Telling forges")
struct StatusPublisherTests {
    private static let start = Duration.seconds(10)

    private func publisher(_ server: TestServer) -> StatusPublisher {
        let pace = RetryPace(
            first: Self.start, longest: .minutes(5), patience: .hours(6), sweep: .milliseconds(50), jitter: { 0 })
        return StatusPublisher(
            store: server.store, forges: server.forges, pace: pace, now: { server.now }, logger: server.logger)
    }

    /// Makes a pipeline of a plan, whose statuses are then owed.
    private func pipeline(
        _ server: TestServer, _ jobs: [String] = ["test"], on forge: String = "github",
        commit: String = String(repeating: "a", count: 40)
    ) async throws -> PipelineID {
        let plan = Plan(
            stages: jobs, jobs: jobs.map { PlannedJob(name: $0, stage: $0, script: ["true"]) })
        let new = NewPipeline(
            // A branch of its own: a newer pipeline of the same branch would stop an older one.
            repository: try await server.repository(on: forge).id, source: .push,
            ref: "refs/heads/\(commit.prefix(7))", commit: commit,
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan))
        guard case .created(let id) = try await server.store.createPipeline(new, finishing: nil, now: server.now) else {
            throw StoreError(.invalid, message: "not created")
        }
        return id
    }

    /// Runs the next job to its end.
    private func runJob(_ server: TestServer) async throws {
        let claim = try #require(
            try await server.store.claim(
                as: "r", tags: [], leaseFor: .seconds(60), now: server.now))
        _ = try await server.store.acknowledge(claim.key, now: server.now)
        try await server.store.complete(
            claim.key,
            with: AttemptResult(
                failure: nil, exitCode: 0, summary: "14 passed", startedAt: server.now, finishedAt: server.now),
            now: server.now)
    }

    /// Sends until nothing more is due now.
    private func publish(_ server: TestServer, to forge: String = "github", _ pause: inout Timestamp?) async {
        let publisher = publisher(server)
        while await !publisher.sendDue(to: forge, &pause) {}
    }

    private func words(_ posted: some Sequence<CommitStatus>) -> [String] {
        posted.map { "\($0.context) \($0.state.rawValue)" }
    }

    @Test("all contexts of a commit are pending before one of them is a success, and each is told in order")
    func order() async throws {
        try await TestServer.serve { server in
            _ = try await pipeline(server, ["test", "train"])
            var pause: Timestamp?
            await publish(server, &pause)
            try await runJob(server)
            await publish(server, &pause)
            try await runJob(server)
            await publish(server, &pause)
            let posted = words(server.github.script.posted)
            let contexts = ["pawl/push", "pawl/push/test", "pawl/push/train"]
            #expect(posted.prefix(3).sorted() == contexts.map { $0 + " pending" })
            #expect(posted.dropFirst(3).allSatisfy { $0.hasSuffix("success") } && posted.count == 6)
            #expect(posted.last == "pawl/push success" || posted.last == "pawl/push/train success")
            #expect(try await server.store.outbox().allSatisfy { $0.state == .sent })
        }
    }

    @Test("what was overtaken while the forge was down is not told; the end is")
    func coalescing() async throws {
        try await TestServer.serve { server in
            server.github.change { $0.post = { _, _ in throw ForgeError(.unreachable, message: "No answer came.") } }
            _ = try await pipeline(server)
            var pause: Timestamp?
            await publish(server, &pause)
            try await runJob(server)
            server.github.change { $0.post = { _, _ in .accepted } }
            let tried = server.github.script.posted.count
            await publish(server, &pause)
            #expect(server.github.script.posted.count == tried, "a forge that is down is left alone for a while")
            server.advance(Self.start)
            await publish(server, &pause)
            let told = words(server.github.script.posted.dropFirst(tried))
            // What the forge was never told of is pending there first, so that no job is green before all are known.
            #expect(
                told == [
                    "pawl/push pending", "pawl/push/test pending", "pawl/push/test success", "pawl/push success",
                ])
            #expect(try await server.store.outbox().allSatisfy { $0.state == .sent })
        }
    }

    @Test(
        "what a forge does not take now arrives when it does",
        arguments: [
            ForgeError(.unavailable, message: "500"), ForgeError(.unreachable, message: "down"),
            ForgeError(.limited, message: "403", retryAfter: Timestamp(milliseconds: 1_800_000_120_000)),
            ForgeError(.refused, message: "422: No commit found for SHA"),
        ])
    func outages(_ error: ForgeError) async throws {
        try await TestServer.serve { server in
            server.github.change { $0.post = { _, number in if number <= 2 { throw error } else { .accepted } } }
            _ = try await pipeline(server)
            var pause: Timestamp?
            for _ in 1...40 {
                await publish(server, &pause)
                if let wish = error.retryAfter, server.now < wish {
                    #expect(server.github.script.posted.count == 1, "not before the forge wants to be asked again")
                }
                server.advance(Self.start)
            }
            let messages = try await server.store.outbox()
            #expect(messages.map(\.state) == [.sent, .sent])
            #expect(server.github.script.posted.count == 4)
            // In spite of the failures, the first one owed is the first one told.
            #expect(server.github.script.posted.first?.context == messages.first?.status.context)
        }
    }

    /// Sends, and goes on to whenever something is due, for as long as that is.
    private func publish(_ server: TestServer, for span: Duration) async throws {
        let end = server.now + span
        var pause: Timestamp?
        while true {
            await publish(server, &pause)
            guard let next = try await server.store.nextMessageAt(), max(next, pause ?? next) <= end else { break }
            server.advance(max(max(next, pause ?? next) - server.now, .milliseconds(1)))
        }
        server.advance(max(end - server.now, .zero))
    }

    @Test("what a forge refuses is tried for hours, then given up, and what follows it is told")
    func givenUp() async throws {
        try await TestServer.serve { server in
            server.github.change {
                $0.post = { status, _ in
                    guard status.context == "pawl/push" else { return .accepted }
                    throw ForgeError(.refused, message: "422: context is too long")
                }
            }
            _ = try await pipeline(server)
            try await publish(server, for: .hours(5))
            #expect(try await server.store.outbox().map(\.state) == [.owed, .sent])
            try await publish(server, for: .hours(2))
            let messages = try await server.store.outbox()
            #expect(messages.map(\.state) == [.failed, .sent])
            #expect(messages.first?.lastError == "422: context is too long")
        }
    }

    @Test(
        "what a person has to put right stays owed, however long that takes",
        arguments: [ForgeError.Code.unauthorized, .forbidden, .notFound, .misconfigured])
    func missingPermission(_ code: ForgeError.Code) async throws {
        try await TestServer.serve { server in
            server.github.change { $0.post = { _, _ in throw ForgeError(code, message: "not with this token") } }
            _ = try await pipeline(server)
            try await publish(server, for: .hours(48))
            #expect(try await server.store.outbox().map(\.state) == [.owed, .owed])
            let tried = server.github.script.posted.count
            #expect(tried < 48 * 12 + 20, "at the longest pace, for the whole commit: \(tried)")
            server.github.change { $0.post = { _, _ in .accepted } }
            try await publish(server, for: .minutes(6))
            #expect(try await server.store.outbox().map(\.state) == [.sent, .sent])
        }
    }

    @Test("a commit for which the forge fails waits alone; several in a row let the forge rest")
    func poisoned() async throws {
        try await TestServer.serve { server in
            let poison = String(repeating: "1", count: 40)
            server.github.change {
                $0.post = { status, _ in
                    if status.commit == poison { throw ForgeError(.unavailable, message: "500") }
                    return .accepted
                }
            }
            for number in 1...6 { _ = try await pipeline(server, commit: String(repeating: "\(number)", count: 40)) }
            var pause: Timestamp?
            await publish(server, &pause)
            #expect(pause == nil)
            let owed = try await server.store.outbox().filter { $0.state == .owed }
            #expect(owed.allSatisfy { $0.status.commit == poison } && owed.count == 2)
            #expect(server.github.script.posted.count { $0.commit == poison } == 1, "its other messages wait with it")

            server.github.change { $0.post = { _, _ in throw ForgeError(.unavailable, message: "500") } }
            for number in 7...9 { _ = try await pipeline(server, commit: String(repeating: "\(number)", count: 40)) }
            await publish(server, &pause)
            #expect(pause == server.now + Self.start)
        }
    }

    @Test("a repository that was renamed is told under its new name")
    func renamed() async throws {
        try await TestServer.serve { server in
            server.github.change { script in
                script.name = "ml/attrition"
                script.post = { _, number in
                    if number == 1 { throw ForgeError(.moved, message: "301") }
                    return .accepted
                }
            }
            _ = try await pipeline(server)
            var pause: Timestamp?
            await publish(server, &pause)
            #expect(try await server.store.outbox().map(\.state) == [.sent, .sent])
            #expect(try await server.repository(on: "github").reference.name == "ml/attrition")

            // One that says that it has moved, and is where it was, is not asked in a circle.
            server.github.change { $0.post = { _, _ in throw ForgeError(.moved, message: "301") } }
            _ = try await pipeline(server, commit: String(repeating: "b", count: 40))
            let tried = server.github.script.posted.count
            await publish(server, &pause)
            #expect(server.github.script.posted.count == tried + 1)
        }
    }

    @Test("where a forge keeps a commit's statuses is remembered, and named to it from then on")
    func groups() async throws {
        try await TestServer.serve { server in
            let group = StatusGroup(remoteID: 41)
            server.github.change { $0.post = { _, _ in StatusAnswer(isNew: true, group: group) } }
            _ = try await pipeline(server)
            var pause: Timestamp?
            await publish(server, &pause)
            try await runJob(server)
            await publish(server, &pause)
            #expect(server.github.script.groups == [nil, group, group, group])
            _ = try await pipeline(server, commit: String(repeating: "b", count: 40))
            await publish(server, &pause)
            #expect(server.github.script.groups.dropFirst(4) == [nil, group])
        }
    }

    @Test("a forge's \"already there\" counts as taken")
    func alreadyThere() async throws {
        try await TestServer.serve { server in
            server.github.change { $0.post = { _, _ in .alreadyThere } }
            _ = try await pipeline(server)
            var pause: Timestamp?
            await publish(server, &pause)
            #expect(try await server.store.outbox().map(\.state) == [.sent, .sent])
        }
    }

    @Test("a forge that hangs, or has many messages waiting, holds up nobody but itself")
    func hang() async throws {
        try await TestServer.serve { server in
            let released = Signal()
            server.github.change {
                $0.post = { _, _ in
                    await released.wait(after: 0)
                    return .accepted
                }
            }
            let told = Signal()
            server.gitlab.change {
                $0.post = { _, _ in
                    told.give()
                    return .accepted
                }
            }
            // More messages than are read at once.
            let jobs = (1...30).map { "job-\($0)" }
            for number in 1...4 {
                _ = try await pipeline(server, jobs, commit: String(repeating: "\(number)", count: 40))
            }
            let publisher = publisher(server)
            let task = Task { try await publisher.run() }
            _ = try await pipeline(server, on: "gitlab")
            while told.count < 2 { await told.wait(after: told.count) }
            #expect(server.gitlab.script.posted.count == 2)
            #expect(try await server.store.outbox().allSatisfy { $0.repository.forge == "gitlab" || $0.state != .sent })
            released.give()
            task.cancel()
            try await task.value
        }
    }

    @Test("a status that was sent, and not written down as sent, is sent again and does no harm")
    func crash() async throws {
        try await TestServer.serve { server in
            let id = try await pipeline(server)
            // The forge has it, and the process ends before that is written down: the next one finds it owed.
            let owed = try await server.store.outbox(of: id)
            for message in owed { _ = try await server.github.post(message.status, to: message.repository) }
            server.github.change { $0.post = { _, _ in .alreadyThere } }
            var pause: Timestamp?
            await publish(server, &pause)
            #expect(words(server.github.script.posted) == words(owed.map(\.status) + owed.map(\.status)))
            #expect(try await server.store.outbox().map(\.state) == [.sent, .sent])
        }
    }

    @Test("a plain-Git forge is told by its signed callback, and one without a callback counts as told")
    func callback() async throws {
        let sent = RecordingSender { _ in .init(200) }
        var options = TestServer.Options()
        options.gitAPI = try GitCallback(
            callback: (url: "http://callback.test/status", secret: Redacted("a callback's secret")), sender: sent,
            now: { Timestamp(milliseconds: 1_800_000_000_000) })
        try await TestServer.serve(options) { server in
            _ = try await pipeline(server, on: "git")
            var pause: Timestamp?
            await publish(server, to: "git", &pause)
            #expect(sent.sent.compactMap { $0.json?["context"]?.text } == ["pawl/push", "pawl/push/test"])
            #expect(sent.sent.allSatisfy { $0.headers["X-Pawl-Signature"]?.hasPrefix("v1=") == true })
        }
    }

    @Test("a running service tells what becomes owed, and ends when it is stopped")
    func service() async throws {
        try await TestServer.serve { server in
            let told = Signal()
            server.github.change {
                $0.post = { _, _ in
                    told.give()
                    return .accepted
                }
            }
            let publisher = publisher(server)
            let task = Task { try await publisher.run() }
            _ = try await pipeline(server)
            while told.count < 2 { await told.wait(after: told.count) }
            task.cancel()
            try await task.value
            #expect(server.github.script.posted.count == 2)
        }
    }
}
