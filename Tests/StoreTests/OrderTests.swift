import PipelineModel
import Testing

@testable import Store

/// Events stand in the order in which they happened, in whatever order they are worked on.
@Suite struct OrderTests {
    private static let main = "refs/heads/main"

    private func tell(_ test: TestStore, about ref: String?, key: String? = nil) async throws -> DeliveryID {
        var delivery = NewDelivery(forge: "github", event: "push", key: key, remoteID: 7, body: [])
        delivery.ref = ref
        return try await test.store.storeDelivery(delivery, now: at(0))
    }

    /// Makes the pipeline of a delivery that tells of a push.
    private func plan(
        _ delivery: DeliveryID, from before: String?, to commit: String, in test: TestStore
    ) async throws -> PipelineID {
        var new = NewPipeline(
            repository: test.repository.id, source: .push, ref: Self.main, commit: commit,
            trust: PipelineTrust(isProtected: true, isFork: false), planning: .planned(Self.deployment))
        new.before = before
        let creation = try await test.store.createPipeline(new, finishing: delivery, now: at(1))
        guard case .created(let id) = creation else { throw StoreError(.invalid, message: "\(creation)") }
        return id
    }

    private static let deployment = StoreTests.plan([("deploy", [])]) {
        $0.environment = .init(name: "production")
        $0.interruptible = true
    }

    /// Expects that of two pipelines the second's event came first: it stops nothing, and is not deployed over the other.
    private func expectOlder(_ late: PipelineID, than newest: PipelineID, in test: TestStore) async throws {
        #expect(try await test.state(newest) == .running)
        // Both wait; the one that was made first is handed out first.
        try await test.run("deploy")
        #expect(try await test.state(newest) == .passed)
        let claim = try await test.store.claim(as: "r", tags: [], leaseFor: .seconds(9), now: at(2))
        #expect(claim == nil)
        #expect(
            try await test.job("deploy", of: late).failure
                == Failure(.policy, "production runs #\(newest), newer than #\(late)"))
    }

    @Test("a delivery that waits for its forge is not overtaken by a later one of its ref, but by those of others")
    func waits() async throws {
        let test = try await TestStore()
        let first = try await tell(test, about: Self.main)
        let second = try await tell(test, about: Self.main)
        let other = try await tell(test, about: "refs/heads/x")
        let none = try await tell(test, about: nil)
        try await test.store.postponeDelivery(first, because: "GitHub answers 502", until: at(60))
        #expect(try await test.store.openDeliveries(now: at(1)).map(\.id) == [other, none])
        for id in [other, none] { try await test.store.finishDelivery(id, as: .ignored("x"), now: at(1)) }
        #expect(try await test.store.nextDeliveryAt() == at(60))
        #expect(try await test.store.openDeliveries(now: at(60)).map(\.id) == [first])
        try await test.store.finishDelivery(first, as: .failed("x"), now: at(61))
        #expect(try await test.store.openDeliveries(now: at(61)).map(\.id) == [second])
    }

    @Test("a replayed delivery stops nothing that is newer, and is not deployed over it")
    func replay() async throws {
        let test = try await TestStore()
        let first = try await tell(test, about: Self.main)
        try await test.store.finishDelivery(first, as: .failed("the forge was down"), now: at(0))
        let newest = try await plan(try await tell(test, about: Self.main), from: "b", to: "c", in: test)
        try await test.store.replayDelivery(first, by: "mira", now: at(1))
        let late = try await plan(first, from: "a", to: "b", in: test)
        try await expectOlder(late, than: newest, in: test)
    }

    @Test("a failed delivery that its forge sends again stands where it stood the first time")
    func sentAgain() async throws {
        let test = try await TestStore()
        let first = try await tell(test, about: Self.main, key: "k")
        try await test.store.finishDelivery(first, as: .failed("the forge was down"), now: at(0))
        let newest = try await plan(try await tell(test, about: Self.main), from: nil, to: "c", in: test)
        let late = try await plan(try await tell(test, about: Self.main, key: "k"), from: nil, to: "b", in: test)
        try await expectOlder(late, than: newest, in: test)
    }

    @Test("a push that comes only after one that went on from it is the older of the two")
    func late() async throws {
        let test = try await TestStore()
        let newest = try await plan(try await tell(test, about: Self.main), from: "b", to: "c", in: test)
        let late = try await plan(try await tell(test, about: Self.main), from: "a", to: "b", in: test)
        try await expectOlder(late, than: newest, in: test)
    }

    @Test(
        "a push back to an earlier commit is newer than what it takes back",
        arguments: [
            [("a", "b"), ("b", "c"), ("c", "b")], [("b", "c"), ("c", "b")], [("a", "b"), ("b", "a"), ("x", "b")],
        ])
    func back(moves: [(String, String)]) async throws {
        let test = try await TestStore()
        var made: [PipelineID] = []
        for (before, after) in moves {
            made.append(try await plan(try await tell(test, about: Self.main), from: before, to: after, in: test))
        }
        let newest = made.removeLast()
        for id in made { #expect(try await test.state(id) == .cancelled) }
        try await test.run("deploy")
        #expect(try await test.state(newest) == .passed)
    }

    @Test("what a person runs is newer than all that was told before")
    func manual() async throws {
        let test = try await TestStore()
        _ = try await plan(try await tell(test, about: Self.main), from: "a", to: "b", in: test)
        try await test.run("deploy")
        let asked = try await test.pipeline(Self.deployment, commit: "a", source: .manual)
        try await test.run("deploy")
        #expect(try await test.state(asked) == .passed)
    }

    @Test("only the store says that a delivery was recovered, whatever its event is called")
    func origin() async throws {
        let test = try await TestStore()
        let forged = try await test.store.storeDelivery(
            NewDelivery(forge: "github", event: "pawl-recovered", remoteID: 7, body: []), now: at(0))
        #expect(try await test.store.delivery(forged)?.origin == .received)
        let recovery = try await test.store.recover(
            HeadMove(ref: Self.main, before: nil, after: "a"), in: test.repository,
            as: NewDelivery(forge: "github", event: "pawl-recovered", remoteID: 7, body: []), now: at(1))
        guard case .stored(let id) = recovery else {
            Issue.record("\(recovery)")
            return
        }
        #expect(try await test.store.delivery(id)?.origin == .recovered)
    }
}
