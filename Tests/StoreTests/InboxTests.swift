import PipelineModel
import Testing

@testable import Store

@Suite struct InboxTests {
    @Test("deliveries that come while the disk is busy share one commit")
    func groupCommit() async throws {
        let test = try await TestStore()
        let store = test.store
        let gate = Gate()
        // The writer is held, so that all of them gather behind the first.
        let holder = Task { try await store.database.write { _ in gate.wait() } }
        let ids = try await withThrowingTaskGroup(of: DeliveryID.self) { group in
            for number in 0..<100 {
                group.addTask { try await test.delivery(key: "k\(number)") }
            }
            gate.open()
            return try await group.reduce(into: Set<DeliveryID>()) { $0.insert($1) }
        }
        try await holder.value
        #expect(ids.count == 100)
        #expect(await store.deliveryWriter.commits < 50)
        #expect(try await store.openDeliveries(limit: 200, now: at(0)).count == 100)
    }

    @Test(
        "the raw body is kept to the byte, an empty one too", arguments: [[], [0, 255, 10, 13, 0], [UInt8](0...255)])
    func rawBody(body: [UInt8]) async throws {
        let test = try await TestStore()
        let id = try await test.store.storeDelivery(
            NewDelivery(forge: "github", event: "push", headers: ["x-github-event": "push"], body: body), now: at(0))
        #expect(try await test.store.deliveryBody(id) == body)
        let delivery = try #require(try await test.store.delivery(id))
        #expect(delivery.headers == ["x-github-event": "push"])
        #expect(delivery.size == ByteCount(bytes: Int64(body.count)))
    }

    @Test("a repeated delivery does nothing, unless the intake of the first one failed")
    func repeats() async throws {
        let test = try await TestStore()
        let first = try await test.delivery(key: "k")
        let second = try await test.delivery(key: "k")
        #expect(try await test.store.delivery(second)?.state == .duplicate)
        #expect(try await test.store.delivery(second)?.reason == "repeats d\(first)")
        try await test.store.finishDelivery(first, as: .failed("the forge has no such commit"), now: at(1))
        let third = try await test.delivery(key: "k")
        #expect(try await test.store.delivery(third)?.state == .stored)
        try await test.store.finishDelivery(third, as: .ignored("no pipeline file"), now: at(2))
        let fourth = try await test.delivery(key: "k")
        #expect(try await test.store.delivery(fourth)?.state == .duplicate)
    }

    @Test("a postponed delivery is due again at its time")
    func postponed() async throws {
        let test = try await TestStore()
        let id = try await test.delivery()
        try await test.store.postponeDelivery(id, because: "GitHub answers 502", until: at(30))
        #expect(try await test.store.openDeliveries(now: at(29)).isEmpty)
        #expect(try await test.store.nextDeliveryAt() == at(30))
        #expect(try await test.store.openDeliveries(now: at(30)).map(\.tries) == [1])
    }

    private func event(from before: String, to after: String) -> EventIdentity {
        EventIdentity(
            forge: "github", remoteID: 7, kind: .push, ref: "refs/heads/main", before: before, after: after)
    }

    private func create(_ test: TestStore, _ event: EventIdentity, now: Timestamp) async throws -> PipelineCreation {
        let delivery = try await test.delivery(now: now)
        var new = NewPipeline(
            repository: test.repository.id, source: .push, ref: event.ref, commit: event.after ?? "",
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan([("test", [])])))
        new.event = event
        return try await test.store.createPipeline(new, finishing: delivery, now: now)
    }

    @Test(
        "the same event within ten minutes makes one pipeline, later another", arguments: [(599.0, false), (601, true)])
    func sameEvent(seconds: Double, isNew: Bool) async throws {
        let test = try await TestStore()
        let first = try await create(test, event(from: "a", to: "b"), now: at(0))
        guard case .created(let pipeline) = first else {
            Issue.record("\(first)")
            return
        }
        let second = try await create(test, event(from: "a", to: "b"), now: at(seconds))
        if isNew {
            guard case .created = second else {
                Issue.record("\(second)")
                return
            }
        } else {
            #expect(second == .repeated(1, pipeline))
            #expect(try await test.store.delivery(2)?.state == .duplicate)
            #expect(try await test.store.pipelines().count == 1)
        }
    }

    @Test("a branch that goes there and back and there again gets a pipeline each time")
    func thereAndBack() async throws {
        let test = try await TestStore()
        for (before, after) in [("a", "b"), ("b", "a"), ("a", "b"), ("b", "a")] {
            let made = try await create(test, event(from: before, to: after), now: at(1))
            guard case .created = made else {
                Issue.record("\(made)")
                return
            }
        }
        #expect(try await test.store.pipelines().count == 4)
    }

    @Test("the intake of one delivery makes one pipeline, however often it runs; a replay makes another")
    func onePipeline() async throws {
        let test = try await TestStore()
        let id = try await test.delivery()
        let new = NewPipeline(
            repository: test.repository.id, source: .push, ref: "refs/heads/main", commit: "b",
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(plan([("test", [])])))
        let first = try await test.store.createPipeline(new, finishing: id, now: at(1))
        let second = try await test.store.createPipeline(new, finishing: id, now: at(2))
        #expect(first == .created(1))
        #expect(second == .repeated(id, 1))
        try await test.store.replayDelivery(id, by: "mira", now: at(3))
        #expect(try await test.store.createPipeline(new, finishing: id, now: at(4)) == .created(2))
    }
}
