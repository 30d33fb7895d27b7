import PipelineModel
import Testing

@testable import Store

@Suite("GPUs are one attempt's own")
struct GPUTests {
    private func gpu(_ index: Int, memory: Int64 = 40, of machine: String = "a", _ condition: GPU.Condition = .usable)
        -> GPU
    {
        GPU(
            uuid: "GPU-\(machine)\(index)", index: index, model: "NVIDIA A100-SXM4-40GB", memory: .gibibytes(memory),
            driver: "550.54", condition: condition)
    }

    private func learning(_ names: [String], gpus: Int = 1, memory: Int64? = nil) -> Plan {
        plan(names.map { ($0, []) }) { job in
            var ml = MLSettings()
            ml.gpus = gpus
            ml.gpuMemory = memory.map { .gibibytes($0) }
            job.ml = ml
        }
    }

    private func uuids(_ claim: Claim?, in test: TestStore) async throws -> [String] {
        guard let claim else { return [] }
        let job = try #require(try await test.store.job(claim.key.job))
        return try #require(job.attempts.last).gpus.map(\.uuid)
    }

    @Test("two devices go to two jobs, a third job waits, and has the device of the first that ends")
    func exclusive() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(inventory: .init(gpus: [gpu(0), gpu(1)]), now: at(0))
        try await test.pipeline(learning(["a", "b", "c"]))
        let first = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)))
        let second = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)))
        let taken = try await uuids(first, in: test) + uuids(second, in: test)
        #expect(taken == ["GPU-a0", "GPU-a1"])
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)) == nil)
        _ = try await test.store.acknowledge(first.key, now: at(2))
        try await test.store.complete(first.key, with: TestStore.result(at: at(3)), now: at(3))
        let third = try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(3))
        #expect(try await uuids(third, in: test) == ["GPU-a0"])
    }

    @Test("however many claim at once, no device goes to two")
    func race() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(inventory: .init(gpus: (0..<4).map { gpu($0) }), now: at(0))
        try await test.pipeline(learning((0..<12).map { "job\($0)" }))
        let claims = try await withThrowingTaskGroup(of: Claim?.self) { group in
            for _ in 0..<16 {
                group.addTask { try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)) }
            }
            return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
        }
        #expect(claims.count == 4)
        var taken: [String] = []
        for claim in claims { taken += try await uuids(claim, in: test) }
        #expect(taken.sorted() == ["GPU-a0", "GPU-a1", "GPU-a2", "GPU-a3"])
    }

    @Test("a lease that ends leaves its devices to the next, and only then")
    func lost() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(inventory: .init(gpus: [gpu(0)]), now: at(0))
        let other = try await test.store.testRunner("s", inventory: .init(), now: at(0))
        try await test.pipeline(learning(["a", "b"]))
        _ = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)))
        #expect(try await test.store.claim(by: other, leaseFor: .seconds(60), now: at(1)) == nil)
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(60)) == nil)
        _ = try await test.store.rescue(now: at(62))
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(62)) != nil)
    }

    @Test(
        "a job has all its devices on one runner, each with as much memory as it asks for, the smallest that are enough"
    )
    func fitting() async throws {
        let test = try await TestStore()
        let mixed = try await test.store.testRunner(
            inventory: .init(gpus: [gpu(0, memory: 80), gpu(1, memory: 24), gpu(2, memory: 40)]), now: at(0))
        try await test.pipeline(learning(["two"], gpus: 2, memory: 40))
        let two = try await test.store.claim(by: mixed, leaseFor: .seconds(60), now: at(1))
        #expect(try await uuids(two, in: test) == ["GPU-a2", "GPU-a0"])
        try await test.pipeline(learning(["large"], memory: 40), ref: "refs/heads/b")
        #expect(try await test.store.claim(by: mixed, leaseFor: .seconds(60), now: at(1)) == nil)
        try await test.pipeline(learning(["small"]), ref: "refs/heads/c")
        let small = try await test.store.claim(by: mixed, leaseFor: .seconds(60), now: at(1))
        #expect(try await uuids(small, in: test) == ["GPU-a1"])
    }

    @Test("a card that others hold is left alone while they do; one that failed is set aside until it was checked")
    func conditions() async throws {
        let test = try await TestStore()
        let store = test.store
        let runner = try await store.testRunner(
            inventory: .init(gpus: [gpu(0, .foreign("pid 20144 holds 31 GiB")), gpu(1, .failed("Xid 79"))]), now: at(0))
        try await test.pipeline(learning(["a", "b", "c"]))
        func claim(_ seconds: Double) async throws -> [String] {
            try await uuids(store.claim(by: runner, leaseFor: .seconds(60), now: at(seconds)), in: test)
        }
        func see(_ gpus: [GPU], _ seconds: Double) async throws {
            try await store.noteRunner(
                runner, request: ClaimRequest(inventory: .init(gpus: gpus), version: "1"), now: at(seconds))
        }
        #expect(try await claim(1) == [])
        try await see([gpu(0), gpu(1)], 2)
        #expect(try await claim(3) == ["GPU-a0"])
        #expect(try await claim(3) == [])
        let checked = try await store.checkGPUs(of: "r", index: nil, by: "mira", now: at(4))
        #expect(checked.map(\.gpu.index) == [1] && checked.allSatisfy { $0.setAside == nil })
        #expect(try await claim(5) == ["GPU-a1"])
        // One that falls off the bus is set aside though nobody says that it failed.
        try await see([gpu(0)], 6)
        let gone = try #require(try await store.runner(named: "r")).gpus.first { $0.gpu.index == 1 }
        #expect(gone?.setAside?.contains("does not see it") == true)
        let still = try await store.checkGPUs(of: "r", index: 1, by: "mira", now: at(7))
        #expect(still.first?.setAside != nil)
    }

    @Test("a job that has waited long for several devices is not overtaken for them by younger ones")
    func patience() async throws {
        let test = try await TestStore()
        let runner = try await test.store.testRunner(inventory: .init(gpus: [gpu(0), gpu(1)]), now: at(0))
        try await test.pipeline(learning(["running"]))
        let running = try #require(try await test.store.claim(by: runner, leaseFor: .hours(2), now: at(1)))
        _ = try await test.store.acknowledge(running.key, now: at(1))
        try await test.pipeline(learning(["both"], gpus: 2), ref: "refs/heads/b", now: at(2))
        try await test.pipeline(learning(["young"]), ref: "refs/heads/c", now: at(3))
        try await test.pipeline(learning(["younger"]), ref: "refs/heads/d", now: at(4))
        let young = try #require(try await test.store.claim(by: runner, leaseFor: .hours(2), now: at(60)))
        #expect(young.jobName == "young")
        _ = try await test.store.acknowledge(young.key, now: at(60))
        try await test.store.complete(young.key, with: TestStore.result(at: at(700)), now: at(700))
        #expect(try await test.store.claim(by: runner, leaseFor: .hours(2), now: at(701)) == nil)
        try await test.store.complete(running.key, with: TestStore.result(at: at(702)), now: at(702))
        #expect(try await test.store.claim(by: runner, leaseFor: .hours(2), now: at(703))?.jobName == "both")
    }
}
