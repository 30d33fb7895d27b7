import PipelineModel
import Testing

@testable import Store

@Suite struct OutboxTests {
    @Test("a newer status for a context makes an unsent older one needless, once the forge knows the context")
    func coalescing() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", []), ("train", [])]))
        for message in try await test.store.dueMessages(now: at(0)) {
            try await test.store.markSent(message.id, now: at(0))
        }
        try await test.run("test", failing: Failure(.script, exitCode: 1, "exit 1"))
        try await test.store.retry(try await test.job("test", of: id).id, by: "mira", now: at(2))
        #expect(try await test.owed() == ["pawl/push/test pending"])
    }

    @Test("all of a commit is pending on the forge before one of its jobs is a success there")
    func pendingThroughAnOutage() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        try await test.run("test")
        #expect(
            try await test.owed() == [
                "pawl/push pending", "pawl/push/test pending", "pawl/push/test success", "pawl/push success",
            ])
    }

    @Test("an end waits while the commit is owed a pending status that cannot be sent yet")
    func pendingFirst() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", []), ("train", ["test"])]))
        let due = try await test.store.dueMessages(now: at(0))
        for message in due.prefix(2) { try await test.store.markSent(message.id, now: at(0)) }
        try await test.store.markRetry(due[2].id, error: "502", nextTryAt: at(30))
        try await test.run("test")
        #expect(try await test.owed(now: at(29)).isEmpty)
        #expect(try await test.store.nextMessageAt() == at(30))
        #expect(try await test.owed(now: at(30)) == ["pawl/push/train pending", "pawl/push/test success"])
        try await test.store.markGivenUp(due[2].id, error: "422 no such commit", now: at(31))
        #expect(try await test.owed(now: at(31)) == ["pawl/push/test success"])
    }

    @Test("a status that was being sent while a newer one came counts as sent, and the newer one follows")
    func sentMeanwhile() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let due = try await test.store.dueMessages(now: at(0))
        try await test.run("test")
        for message in due { try await test.store.markSent(message.id, now: at(2)) }
        #expect(try await test.store.outbox(of: id).map(\.state) == [.sent, .sent, .owed, .owed])
    }

    @Test("a failed try is remembered, and tried again at its time")
    func retry() async throws {
        let test = try await TestStore()
        try await test.pipeline(Plan(stages: [], jobs: []))
        let message = try #require(try await test.store.dueMessages(now: at(0)).first)
        #expect(message.repository == TestStore.churn)
        try await test.store.markRetry(message.id, error: "500 from GitHub", nextTryAt: at(8))
        #expect(try await test.store.nextMessageAt() == at(8))
        let again = try #require(try await test.store.dueMessages(now: at(8)).first)
        #expect(again.tries == 1)
        #expect(again.lastError == "500 from GitHub")
    }

    @Test("what was given up is owed again when a person asks, unless something newer is")
    func askedFor() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]))
        let due = try await test.store.dueMessages(now: at(0))
        for message in due { try await test.store.markGivenUp(message.id, error: "422", now: at(1)) }
        #expect(try await test.store.outboxBacklog().failed.count == 2)
        try await test.run("test")
        let newer = try await test.store.dueMessages(now: at(2))
        try await test.store.markRetry(newer[0].id, error: "403", nextTryAt: at(900))
        #expect(try await test.store.retryMessages(of: PipelineID(rawValue: 99), by: "mira", now: at(3)).isEmpty)
        let owed = try await test.store.retryMessages(of: id, by: "mira", now: at(3))
        #expect(owed.map(\.id) == newer.map(\.id), "the pending ones are overtaken")
        #expect(owed.allSatisfy { $0.nextTryAt == at(3) && $0.tries == 0 })
        #expect(try await test.store.outboxBacklog().failed.count == 0)

        for message in newer { try await test.store.markGivenUp(message.id, error: "422 wrong", now: at(4)) }
        let backlog = try await test.store.outboxBacklog()
        #expect(backlog.owed.count == 0 && backlog.failed.count == 2 && backlog.failed.lastError == "422 wrong")
        #expect(try await test.store.retryMessages(by: "mira", now: at(5)).map(\.id) == newer.map(\.id))
        #expect(try await test.store.auditEntries().first?.action == "outbox.retry")
    }

    @Test("a message that waits for its commit's sake keeps the commit's others waiting, and no other commit's")
    func commitWaits() async throws {
        let test = try await TestStore()
        try await test.pipeline(plan([("test", [])]))
        try await test.pipeline(plan([("test", [])]), commit: String(repeating: "b", count: 40))
        let first = try #require(try await test.store.dueMessages(now: at(0)).first)
        try await test.store.markRetry(first.id, error: "500", nextTryAt: at(60), holding: .commit)
        let due = try await test.store.dueMessages(now: at(1))
        #expect(due.count == 2 && due.allSatisfy { $0.status.commit != first.status.commit })
    }
}
