import Executors
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("when a runner begins nothing", .timeLimit(.minutes(2)))
struct ReadinessTests {
    @Test("below the low-water mark nothing is claimed, and the reason can be read")
    func lowWater() async throws {
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: ScriptedExecutor(), clock: time.clock) {
            $0.lowWater = ByteCount(bytes: .max)
        }
        fixture.coordinator.offer(fixture.assignment())
        try await fixture.whileRunning { service in
            await time.waitForSleeper(between: .milliseconds(1), and: .seconds(1))
            #expect(service.status.obstacle?.contains("MiB free") == true)
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.claims } == 0)
        #expect(DiskGuard(folder: "/", lowWater: ByteCount(bytes: .max)).shortage()?.contains("MiB free") == true)
        #expect(DiskGuard(folder: "/", lowWater: ByteCount(bytes: 0)).shortage() == nil)
    }

    @Test("a disk that filled up while the runner waited for work gives the claim back")
    func filledMeanwhile() async throws {
        let executor = FickleExecutor()
        let fixture = try await RunnerFixture(executor: executor)
        try await fixture.whileRunning { _ in
            // The second look is the one after the claim.
            executor.answers.withLockedValue { $0 = [nil, ExecutorError(.engineUnavailable, message: "away")] }
            fixture.coordinator.offer(fixture.assignment())
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack } == [1: "away"])
        #expect(fixture.coordinator.result(of: 1) == nil)
    }

    @Test("an engine that goes away before the container is made costs no attempt")
    func engineGone() async throws {
        let gone = ExecutorError(.engineUnavailable, message: "nobody answers")
        let fixture = try await RunnerFixture(executor: ScriptedExecutor { _ in .init(createError: gone) })
        #expect(try await fixture.carryOut(fixture.assignment()) == nil)
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack } == [1: "nobody answers"])
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a container of no attempt is found and removed while the runner goes on")
    func orphan() async throws {
        let (time, executor) = (TestClock(), ScriptedExecutor())
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock) { $0.sweepEvery = .minutes(1) }
        try await fixture.whileRunning { service in
            await time.waitForSleeper(until: .minutes(1))
            _ = try await executor.create(
                ContainerSpecification(
                    labels: ContainerLabels(
                        instance: service.instance, key: LeaseKey(job: 1, attempt: 1, epoch: 1)),
                    image: "x", command: [], workingDirectory: "/", limits: JobLimits()))
            time.advance(to: .minutes(1))
            await time.waitForSleeper(until: .minutes(2))
            #expect(try await executor.leftovers().isEmpty)
        }
    }

    @Test("what belongs to no attempt is removed at the latest when the runner ends")
    func lastOrphan() async throws {
        let executor = ScriptedExecutor()
        let fixture = try await RunnerFixture(executor: executor)
        try await fixture.whileRunning { service in
            fixture.coordinator.offer(fixture.assignment())
            try await fixture.coordinator.signal(for: 1).wait()
            _ = try await executor.create(
                ContainerSpecification(
                    labels: ContainerLabels(
                        instance: service.instance, key: LeaseKey(job: 7, attempt: 7, epoch: 1)),
                    image: "x", command: [], workingDirectory: "/", limits: JobLimits()))
        }
        #expect(try await executor.leftovers().isEmpty)
    }

    @Test("a container whose end never comes is given up when it was stopped")
    func stuck() async throws {
        let time = TestClock()
        let coordinator = TestCoordinator(leaseFor: .hours(1))
        let executor = StuckExecutor()
        let fixture = try await RunnerFixture(executor: executor, coordinator: coordinator, clock: time.clock)
        try await fixture.whileRunning { _ in
            fixture.coordinator.offer(fixture.assignment(limits: JobLimits(timeout: .seconds(30))))
            try await executor.running.wait()
            await time.waitForSleeper(until: .seconds(30))
            time.advance(to: .seconds(30))
            await time.waitForSleeper(until: .seconds(100))
            time.advance(to: .seconds(100))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == .timeout)
    }

    @Test("a result is on disk before the container is removed")
    func spooledFirst() async throws {
        let spooled = NIOLockedValueBox(false)
        let executor = FickleExecutor()
        let fixture = try await RunnerFixture(executor: executor) { settings in
            settings.faults = FaultInjector { if $0 == .resultSpooled { spooled.withLockedValue { $0 = true } } }
        }
        executor.onDestroy.withLockedValue { $0 = { #expect(spooled.withLockedValue { $0 }) } }
        #expect(try await fixture.carryOut(fixture.assignment())?.failure == nil)
        #expect(spooled.withLockedValue { $0 })
    }
}

/// An executor that is ready or not as it is told, and tells when it destroys.
private final class FickleExecutor: Executor {
    /// What the next looks find: nil is ready, as is everything after them.
    let answers = NIOLockedValueBox<[ExecutorError?]>([])
    let onDestroy = NIOLockedValueBox<(@Sendable () -> Void)?>(nil)
    private let inner = ScriptedExecutor()

    func readiness() async throws -> ExecutorReadiness {
        let answer = answers.withLockedValue { $0.isEmpty ? nil : $0.removeFirst() }
        if let answer { throw answer }
        return ExecutorReadiness()
    }

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        try await inner.create(specification)
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit { try await inner.run(container, output: output) }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {
        try await inner.stop(container, grace: grace)
    }

    func destroy(_ container: ContainerHandle) async throws {
        onDestroy.withLockedValue { $0 }?()
        try await inner.destroy(container)
    }

    func leftovers() async throws -> [ContainerHandle] { try await inner.leftovers() }
}

/// An executor whose containers can be stopped, and whose runs do not return for all that.
private struct StuckExecutor: Executor {
    let running = ExecutorSignal()
    private let inner = ScriptedExecutor()

    func create(_ specification: ContainerSpecification) async throws -> ContainerHandle {
        try await inner.create(specification)
    }

    func run(
        _ container: ContainerHandle, output: @escaping @Sendable (ContainerOutput) async throws -> Void
    ) async throws -> ContainerExit {
        running.give()
        try await ExecutorSignal().wait()
        return ContainerExit(code: 0)
    }

    func stop(_ container: ContainerHandle, grace: Duration) async throws {}

    func destroy(_ container: ContainerHandle) async throws { try await inner.destroy(container) }

    func leftovers() async throws -> [ContainerHandle] { try await inner.leftovers() }
}
