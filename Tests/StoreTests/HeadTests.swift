import PipelineModel
import Testing

@testable import Store

@Suite struct HeadTests {
    private static let main = "refs/heads/main"

    /// A delivery that tells of a push.
    private func tell(_ test: TestStore, _ before: String?, _ after: String?, key: String? = nil) async throws {
        var delivery = NewDelivery(forge: "github", event: "push", key: key, remoteID: 7, body: [])
        delivery.move = HeadMove(ref: Self.main, before: before, after: after)
        _ = try await test.store.storeDelivery(delivery, now: at(1))
    }

    private func head(_ test: TestStore) async throws -> String? {
        try await test.store.heads(of: test.repository.id).commits[Self.main]
    }

    private func recover(_ test: TestStore, _ before: String?, _ after: String?) async throws -> Recovery {
        try await test.store.recover(
            HeadMove(ref: Self.main, before: before, after: after), in: test.repository,
            as: NewDelivery(forge: "github", event: "found", remoteID: 7, body: []), now: at(2))
    }

    @Test("a head follows its deliveries, in the transaction that stores them")
    func follows() async throws {
        let test = try await TestStore()
        try await tell(test, nil, "a")
        #expect(try await head(test) == "a")
        try await tell(test, "a", "b")
        #expect(try await head(test) == "b")
        try await tell(test, "b", nil)
        #expect(try await head(test) == nil)
    }

    @Test("a delivery that comes late, or comes again, does not take a head back")
    func late() async throws {
        let test = try await TestStore()
        try await tell(test, nil, "a", key: "first")
        try await tell(test, "a", "b")
        try await tell(test, nil, "a", key: "first")
        try await tell(test, "x", "y")
        try await tell(test, "x", nil)
        #expect(try await head(test) == "b")
    }

    @Test("a repository that is not there has no heads")
    func unknown() async throws {
        let test = try await TestStore()
        var delivery = NewDelivery(forge: "github", event: "push", remoteID: 8, body: [])
        delivery.move = HeadMove(ref: Self.main, before: nil, after: "a")
        _ = try await test.store.storeDelivery(delivery, now: at(1))
        #expect(try await test.store.heads(of: test.repository.id).commits.isEmpty)
    }

    @Test("the first look leaves alone what a delivery has told since")
    func first() async throws {
        let test = try await TestStore()
        try await tell(test, "a", "b")
        #expect(try await test.store.heads(of: test.repository.id).since == nil)
        try await test.store.noteFirstHeads(
            [Self.main: "a", "refs/heads/side": "s"], of: test.repository.id, now: at(2))
        let heads = try await test.store.heads(of: test.repository.id)
        #expect(heads.commits == [Self.main: "b", "refs/heads/side": "s"] && heads.since == at(2))
    }

    @Test("a recovered move is stored once, and not where a delivery was faster")
    func recovery() async throws {
        let test = try await TestStore()
        try await tell(test, nil, "a")
        guard case .stored(let id) = try await recover(test, "a", "b") else {
            Issue.record("not stored")
            return
        }
        #expect(try await test.store.delivery(id)?.state == .stored)
        #expect(try await head(test) == "b")
        #expect(try await recover(test, "a", "b") == .overtaken)
        #expect(try await recover(test, nil, "b") == .overtaken)
        guard case .stored = try await recover(test, "b", nil) else {
            Issue.record("not stored")
            return
        }
        #expect(try await head(test) == nil)
    }

    @Test("a commit that has its pipeline is only written down, unless that was cancelled")
    func known() async throws {
        let test = try await TestStore()
        try await tell(test, nil, "a")
        let pipeline = try await test.pipeline(plan([("test", [])]), commit: "b", now: at(1))
        #expect(try await recover(test, "a", "b") == .known)
        #expect(try await head(test) == "b")
        try await test.store.cancelPipeline(pipeline, because: "superseded", by: "mira", now: at(2))
        try await tell(test, "b", "c")
        #expect(try await recover(test, "c", "b") != .known)
    }

    @Test("a hook keeps the forge's number for it, and up to when it was asked")
    func hooks() async throws {
        let test = try await TestStore()
        let hook = try await test.store.addHook(
            forge: "github", name: "main", sealedSecret: [1], remoteIDs: [7], now: at(0))
        #expect(hook.remoteHookID == nil && hook.askedAt == nil)
        try await test.store.setRemoteHookID(77, of: hook.id, now: at(1))
        try await test.store.setAsked(hook.id, at: at(2))
        let found = try await test.store.hooks(boundTo: test.repository.reference)
        #expect(found.map(\.remoteHookID) == [77] && found.map(\.askedAt) == [at(2)])
        var other = test.repository.reference
        other.remoteID = 8
        #expect(try await test.store.hooks(boundTo: other).isEmpty)
    }
}
