import PipelineModel
import Testing

@testable import Store

@Suite struct UsageTests {
    /// 15 January 2027, in whose month the tests' moments lie.
    private static let month = Month(of: at(0))

    private static func gpu(_ number: Int, condition: GPU.Condition = .usable) -> GPU {
        GPU(
            uuid: "GPU-\(number)", index: number, model: "A100", memory: .gibibytes(40), driver: "550",
            condition: condition)
    }

    private static func training(_ names: String..., gpus: Int = 1) -> Plan {
        plan(names.map { ($0, []) }) {
            var ml = MLSettings()
            ml.gpus = gpus
            $0.ml = ml
        }
    }

    private func runner(_ test: TestStore, _ name: String = "gpu1", gpus: [GPU]) async throws -> RunnerID {
        let id = try await test.store.testRunner(name, inventory: .init(gpus: gpus), now: at(0))
        try await test.store.noteRunner(
            id, request: ClaimRequest(inventory: .init(gpus: gpus), version: "1"), now: at(0))
        return id
    }

    private func start(_ test: TestStore, on runner: RunnerID, now: Timestamp) async throws -> LeaseKey? {
        guard let claim = try await test.store.claim(by: runner, leaseFor: .seconds(60), now: now) else { return nil }
        _ = try await test.store.acknowledge(claim.key, now: now)
        return claim.key
    }

    @Test("what an attempt used is kept with it and counted in its repository's month")
    func completed() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Self.training("train", gpus: 2))
        let runner = try await runner(test, gpus: [Self.gpu(0), Self.gpu(1)])
        let key = try #require(try await start(test, on: runner, now: at(10)))
        _ = try await test.store.appendLog(Array("hello".utf8), at: 0, to: key)
        var result = TestStore.result(at: at(110))
        result.usage = AttemptUsage(
            wallMs: 90_000, cpuMs: 120_000, peakMemory: .gibibytes(2), gpuMs: 5, uploaded: .mebibytes(3),
            downloaded: .mebibytes(1))
        for _ in 1...2 { try await test.store.complete(key, with: result, now: at(110)) }
        let used = AttemptUsage(
            wallMs: 90_000, cpuMs: 120_000, peakMemory: .gibibytes(2), gpuMs: 180_000, uploaded: .mebibytes(3),
            downloaded: .mebibytes(1), log: ByteCount(bytes: 5))
        #expect(try await test.job("train", of: id).attempts.first?.usage == used)
        let month = try await test.store.usage(of: test.repository.id, in: Self.month)
        #expect(month.attempts == 1 && month.usage.gpuMs == 180_000 && month.usage.cpuMs == 120_000)
        #expect(month.usage.uploaded == .mebibytes(3) && month.usage.log == ByteCount(bytes: 5))
        #expect(try await test.store.usage(of: test.repository.id, in: Self.month.next).attempts == 0)
    }

    @Test("what an attempt costs is reckoned when it ends, by what its GPUs are, and summed in its month")
    func cost() async throws {
        let tariff = Tariff(
            currency: "EUR", gpuHour: 1, models: [.init(model: "a100", hour: 0.9)], cpuHour: 0.01, kilowattHour: 0.5)
        let test = try await TestStore(tariff: tariff)
        let id = try await test.pipeline(Self.training("train", "again", gpus: 2))
        let runner = try await runner(test, gpus: [Self.gpu(0), Self.gpu(1)])
        let key = try #require(try await start(test, on: runner, now: at(0)))
        var result = TestStore.result(at: at(3_600))
        result.usage = AttemptUsage(wallMs: 3_600_000, cpuMs: 7_200_000, energyJ: 1_800_000)
        try await test.store.complete(key, with: result, now: at(3_600))
        let used = try await test.job("train", of: id).attempts.first?.usage
        // Two cards for an hour, two hours of processors, half a kilowatt-hour.
        #expect(used?.energyJ == 1_800_000 && used?.cost == Cost(millionths: 2_070_000, currency: "EUR"))
        // One that is lost has cost as well; nobody says what it took.
        _ = try #require(try await start(test, on: runner, now: at(4_000)))
        _ = try await test.store.rescue(now: at(5_800))
        let lost = try await test.job("again", of: id).attempts.first?.usage
        #expect(lost?.cost == Cost(millionths: 900_000, currency: "EUR") && lost?.energyJ == nil)
        let month = try await test.store.usage(of: test.repository.id, in: Self.month).usage
        #expect(month.cost == Cost(millionths: 2_970_000, currency: "EUR") && month.energyJ == 1_800_000)
    }

    @Test("prices go by the model, else by the price of any; what nobody measured costs nothing")
    func prices() {
        let tariff = Tariff(currency: "EUR", gpuHour: 1, models: [.init(model: "L4", hour: 0.25)], kilowattHour: 1)
        let gpus = [
            GrantedGPU(Self.gpu(0)),
            GrantedGPU(GPU(uuid: "b", index: 1, model: "NVIDIA l4", memory: .gibibytes(24), driver: "1")),
        ]
        let hour = AttemptUsage(wallMs: 3_600_000, cpuMs: 9_999_999)
        #expect(tariff.cost(of: hour, gpus: gpus).millionths == 1_250_000)
        #expect(tariff.cost(of: hour, gpus: []).millionths == 0)
        let both = AttemptUsage(cost: Cost(millionths: 1, currency: "EUR")) + AttemptUsage()
        #expect(both.cost?.millionths == 1)
        #expect((both + AttemptUsage(cost: Cost(millionths: 1, currency: "USD"))).cost == nil)
    }

    @Test("a runner's word counts no longer than the server's clock, and never below nothing")
    func bounded() {
        let boasting = AttemptUsage(wallMs: .max, cpuMs: -5, peakMemory: ByteCount(bytes: -1), gpuMs: .max)
        let bounded = boasting.bounded(lasted: .seconds(10), gpus: 3)
        #expect(bounded.wallMs == 10_000 && bounded.gpuMs == 30_000)
        #expect(bounded.cpuMs == 0 && bounded.peakMemory == ByteCount(bytes: 0))
        #expect(AttemptUsage(wallMs: 5).bounded(lasted: .seconds(-1), gpus: 1).gpuMs == 0)
    }

    @Test("a lost attempt and one that is given back count by the server's clock; one that never began does not")
    func lost() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Self.training("train"))
        let runner = try await runner(test, gpus: [Self.gpu(0)])
        let first = try #require(try await start(test, on: runner, now: at(10)))
        #expect(try await test.store.rescue(now: at(110)) == [first])
        let second = try #require(try await start(test, on: runner, now: at(200)))
        try await test.store.giveBack(second, because: "the runner stops", now: at(230))
        let third = try #require(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(300)))
        try await test.store.giveBack(third.key, because: "the runner could not begin with it", now: at(310))
        let attempts = try await test.job("train", of: id).attempts
        #expect(attempts.map(\.state) == [.lost, .givenBack, .givenBack])
        #expect(attempts.map { $0.usage?.gpuMs } == [100_000, 30_000, nil])
        let month = try await test.store.usage(of: test.repository.id, in: Self.month)
        #expect(month.attempts == 2 && month.usage.gpuMs == 130_000 && month.usage.wallMs == 130_000)
    }

    @Test("when a month's GPU-hours are spent no GPU job begins, other jobs do, and an override lets more")
    func budget() async throws {
        let test = try await TestStore()
        var jobs = Self.training("train", "sweep")
        jobs.jobs.append(contentsOf: plan([("lint", [])]).jobs)
        try await test.pipeline(jobs)
        let runner = try await runner(test, gpus: [Self.gpu(0), Self.gpu(1)])
        var settings = RepositorySettings(gpuHourBudget: 0.5)
        try await test.store.setSettings(settings, of: test.repository.id)
        let train = try #require(try await start(test, on: runner, now: at(0)))
        // What is under way counts as well.
        _ = try await test.store.renew(train, leaseFor: .hours(2), now: at(10))
        let lint = try #require(try await start(test, on: runner, now: at(1_800)))
        #expect(try await test.store.job(lint.job)?.name == "lint")
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1_801)) == nil)
        try await test.store.complete(train, with: TestStore.result(at: at(1_900)), now: at(1_900))
        let standing = try await test.store.gpuBudget(of: test.repository.id, now: at(1_901))
        #expect(standing.isSpent && standing.budget == 0.5 && standing.month == Self.month)
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1_901)) == nil)
        settings.gpuHourOverride = .init(month: Self.month.next, hours: 1, reason: "deadline", by: "ines")
        try await test.store.setSettings(settings, of: test.repository.id)
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1_902)) == nil)
        settings.gpuHourOverride?.month = Self.month
        let audit = AuditEntry(at: at(1_903), by: "ines", action: "repository.set", subject: "ml/churn", detail: "more")
        try await test.store.setSettings(settings, of: test.repository.id, audit: audit)
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(1_904))?.jobName == "sweep")
        #expect(try await test.store.auditEntries(limit: 10).contains { $0.detail == "more" })
    }

    @Test("a new month has its whole budget")
    func newMonth() async throws {
        let test = try await TestStore()
        try await test.pipeline(Self.training("train"))
        let runner = try await runner(test, gpus: [Self.gpu(0)])
        try await test.store.setSettings(RepositorySettings(gpuHourBudget: 0.001), of: test.repository.id)
        let first = try #require(try await start(test, on: runner, now: at(0)))
        #expect(try await test.store.rescue(now: at(3_600)) == [first])
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: at(3_700)) == nil)
        let later = at(31 * 86_400)
        #expect(Month(of: later) == Self.month.next)
        #expect(try await test.store.claim(by: runner, leaseFor: .seconds(60), now: later)?.jobName == "train")
    }

    @Test("a job whose GPU failed goes to another one at once, and to the same only when none came free")
    func failedGPU() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(Self.training("train"))
        let failure = Failure(.gpu, "Xid 79")
        let small = try await runner(test, gpus: [Self.gpu(0)])
        let key = try #require(try await start(test, on: small, now: at(0)))
        try await test.store.complete(key, with: TestStore.result(failure, at: at(1)), now: at(1))
        // The device is well again for all that is known, and still the job waits for another.
        #expect(try await test.store.claim(by: small, leaseFor: .seconds(60), now: at(2)) == nil)
        let large = try await runner(test, "gpu2", gpus: [Self.gpu(7)])
        let second = try #require(try await start(test, on: large, now: at(3)))
        try await test.store.complete(second, with: TestStore.result(failure, at: at(4)), now: at(4))
        #expect(try await test.job("train", of: id).readyAt == at(34))
        #expect(try await test.store.claim(by: large, leaseFor: .seconds(60), now: at(35)) == nil)
        #expect(try await test.store.claim(by: large, leaseFor: .seconds(60), now: at(34 + 120)) != nil)
    }

    @Test("an attempt whose runner a person removed is not spent")
    func removedRunner() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("train", [])]))
        for number in 1...4 {
            let runner = try await test.store.testRunner("r\(number)", now: at(0))
            let key = try #require(try await start(test, on: runner, now: at(Double(number))))
            try await test.store.removeRunner("r\(number)", by: "ines", now: at(Double(number)))
            await expectError(.leaseLost) {
                try await test.store.complete(key, with: TestStore.result(at: at(9)), now: at(9))
            }
        }
        let job = try await test.job("train", of: id)
        #expect(job.state == .ready && job.attempts.map(\.state) == [.lost, .lost, .lost, .lost])
    }

    @Test("what failed on Pawl's side takes none of the attempts that the file asks for")
    func sides() async throws {
        let test = try await TestStore()
        let id = try await test.pipeline(plan([("test", [])]) { $0.retry = .init(limit: 1, classes: [.script]) })
        try await test.run(failing: Failure(.system, "engine"), now: at(1))
        try await test.run(failing: Failure(.image, "registry: 503"), now: at(100))
        try await test.run(failing: scriptFailure, now: at(200))
        try await test.run(failing: scriptFailure, now: at(300))
        let job = try await test.job("test", of: id)
        #expect(job.state == .failed && job.attempts.count == 4)
    }
}
