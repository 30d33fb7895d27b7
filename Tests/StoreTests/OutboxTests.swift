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
}
