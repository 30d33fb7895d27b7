import PipelineModel
import Store
import Testing

/// A device that fails under a job is nobody's from the moment its runner tells of the job.
@Suite struct FailedGPUTests {
    private func gpu(_ uuid: String, _ index: Int) -> GPU {
        GPU(uuid: uuid, index: index, model: "L4", memory: .gibibytes(24), driver: "550")
    }

    private func plan() -> Plan {
        let jobs = ["a", "b"].map { name in
            var job = PlannedJob(name: name, stage: "test", script: ["true"])
            job.ml = MLSettings()
            job.ml?.gpus = 1
            return job
        }
        return Plan(stages: ["test"], jobs: jobs)
    }

    @Test("it is set aside with the job's result, and no other job gets it; a device of somebody else is not touched")
    func setAside() async throws {
        let bench = try await TestStore()
        let inventory = RunnerInventory(gpus: [gpu("GPU-a", 0), gpu("GPU-b", 1)])
        let runner = try await bench.store.testRunner("gpu1", inventory: inventory, now: at(0))
        try await bench.pipeline(plan())
        let first = try #require(try await bench.store.claim(by: runner, leaseFor: .seconds(60), now: at(1)))
        let assigned = try await bench.store.acknowledge(first.key, now: at(1))
        #expect(assigned.gpus.map(\.uuid) == ["GPU-a"])
        let faults = [GPUFault(uuid: "GPU-a", reason: "Xid 79"), GPUFault(uuid: "GPU-b", reason: "a lie")]
        try await bench.store.complete(
            first.key,
            with: AttemptResult(
                failure: Failure(.gpu, exitCode: 1, "GPU 0 failed"), finishedAt: at(2), failedGPUs: faults), now: at(2))
        let known = try #require(try await bench.store.runner(named: "gpu1"))
        #expect(known.gpus.map(\.setAside) == ["Xid 79", nil])
        let second = try #require(try await bench.store.claim(by: runner, leaseFor: .seconds(60), now: at(3)))
        #expect(try await bench.store.acknowledge(second.key, now: at(3)).gpus.map(\.uuid) == ["GPU-b"])
        #expect(try await bench.store.claim(by: runner, leaseFor: .seconds(60), now: at(60)) == nil)
    }
}
