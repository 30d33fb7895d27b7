import Executors
import Foundation
import Logging
import PipelineModel
import Testing

@testable import Runner

@Suite("the guard of a runner's leases", .timeLimit(.minutes(4)))
struct LeaseGuardTests {
    @Test("a runner that stands still loses its container before the lease ends, and one that renews keeps it")
    func standsStill() async throws {
        let (time, executor) = (TestClock(), ScriptedExecutor())
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock)
        let folders = try RunnerFolders(fixture.settings)
        for attempt in [AttemptID(1), 2] {
            let key = LeaseKey(job: 1, attempt: attempt, epoch: 1)
            _ = try await executor.create(
                ContainerSpecification(
                    labels: ContainerLabels(instance: folders.instance, key: key), image: "x", command: [],
                    workingDirectory: "/", limits: JobLimits()))
            try folders.handovers.open(attempt, under: LeaseTerm(length: .seconds(60), end: .seconds(60)))
        }
        let leases = try LeaseGuard(
            settings: fixture.settings, executor: executor, clock: time.clock, logger: Logger(label: "guard"))
        // The runner itself ends them from 50 s on.
        time.advance(to: .seconds(54))
        await leases.look()
        #expect(try await executor.leftovers().count == 2)
        try folders.handovers.noteLease(of: 2, LeaseTerm(length: .seconds(60), end: .seconds(114)))
        time.advance(to: .seconds(55))
        await leases.look()
        #expect(try await executor.leftovers().map(\.labels.key.attempt) == [2])
        for attempt in [AttemptID(1), 2] { try folders.handovers.end(attempt) }
    }

    @Test("a lease that a runner of an earlier version noted is one of a minute")
    func earlierVersion() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        let folders = try RunnerFolders(fixture.settings)
        let term = LeaseTerm(length: .seconds(60), end: .seconds(90))
        try folders.handovers.open(1, under: term)
        try Data("90000".utf8).write(to: URL(filePath: folders.memory + "/1.handover/lease"))
        #expect(folders.handovers.lease(of: 1) == term)
        try folders.handovers.end(1)
    }
}
