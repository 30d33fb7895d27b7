import PipelineModel
import Testing

@testable import Store

@Suite("Jobs that no runner can take")
struct UnservedTests {
    private let limit = Duration.minutes(30)

    private func tagged(_ name: String, _ tags: [String], allowFailure: Bool = false) -> Plan {
        var plan = plan([(name, []), ("after", [name])])
        plan.jobs[0].tags = tags
        if allowFailure { plan.jobs[0].allowFailure = .always }
        return plan
    }

    @Test("one ends when that has been so for the time, with what it asks for in words; the next moment is told")
    func ends() async throws {
        let test = try await TestStore()
        let store = test.store
        _ = try await store.testRunner("gpu1", tags: ["a100"], now: at(0))
        let id = try await test.pipeline(tagged("train", ["h100"]), now: at(60))
        let job = try await test.job("train", of: id)
        #expect(try await store.unservedSince(job.id) == nil)
        let first = try await store.endUnserved(for: limit, now: at(61))
        #expect(first == .init(ended: [], next: at(61 + 1_800)))
        #expect(try await store.unservedSince(job.id) == at(61))
        #expect(try await store.endUnserved(for: limit, now: at(61 + 1_799)).ended == [])
        let last = try await store.endUnserved(for: limit, now: at(61 + 1_800))
        #expect(last == .init(ended: [job.id], next: nil))
        let failure = try await test.job("train", of: id).failure
        #expect(failure == Failure(.noRunner, "no runner can take it: it asks for tag h100"))
        #expect(try await test.states(id) == ["train": .failed, "after": .notRun])
        #expect(try await test.state(id) == .failed)
        #expect(try await store.endUnserved(for: limit, now: at(9_000)) == .init())
    }

    @Test("the time begins anew when a runner could take it in between")
    func servedAgain() async throws {
        let test = try await TestStore()
        let store = test.store
        _ = try await store.testRunner("gpu1", now: at(0))
        let id = try await test.pipeline(tagged("train", ["h100"]))
        let job = try await test.job("train", of: id)
        _ = try await store.endUnserved(for: limit, now: at(1))
        _ = try await store.testRunner("gpu1", tags: ["h100"], now: at(1_500))
        #expect(try await store.endUnserved(for: limit, now: at(1_500)) == .init())
        #expect(try await store.unservedSince(job.id) == nil)
        try await store.removeRunner("gpu1", by: "mira", now: at(2_000))
        #expect(try await store.endUnserved(for: limit, now: at(2_000)).next == at(3_800))
        #expect(try await store.endUnserved(for: limit, now: at(3_799)).ended == [])
        #expect(try await store.endUnserved(for: limit, now: at(3_800)).ended == [job.id])
    }

    @Test("a runner that is paused or away may come back: its jobs wait")
    func paused() async throws {
        let test = try await TestStore()
        let store = test.store
        _ = try await store.testRunner("gpu1", now: at(0))
        var edit = RunnerEdit()
        edit.isPaused = true
        try await store.editRunner("gpu1", as: edit, by: "mira", now: at(0))
        let id = try await test.pipeline(tagged("train", []))
        for moment in [1, 90_000.0] { #expect(try await store.endUnserved(for: limit, now: at(moment)) == .init()) }
        #expect(try await test.states(id)["train"] == .ready)
    }

    @Test("a job has its whole time, though others of its kind have waited longer; a job may fail for this too")
    func eachHasItsTime() async throws {
        let test = try await TestStore()
        let store = test.store
        let early = try await test.pipeline(tagged("train", ["h100"], allowFailure: true))
        _ = try await store.endUnserved(for: limit, now: at(0))
        let late = try await test.pipeline(tagged("train", ["h100"]), ref: "refs/heads/late", now: at(1_000))
        let found = try await store.endUnserved(for: limit, now: at(1_800))
        #expect(found == .init(ended: [try await test.job("train", of: early).id], next: at(2_800)))
        #expect(try await test.states(early) == ["train": .failedAllowed, "after": .ready])
        #expect(try await test.states(late)["train"] == .ready)
    }
}
