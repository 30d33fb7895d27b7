import Executors
import Foundation
import PipelineModel
import Testing

@testable import Runner

@Suite("a running attempt and its lease", .timeLimit(.minutes(2)))
struct LeaseTests {
    /// A container that says that it runs, and stays until it is stopped.
    private func staying(_ running: ExecutorSignal) -> ScriptedExecutor {
        ScriptedExecutor { _ in
            .init([
                .write(ContainerOutput(.standardOutput, Array("working\n".utf8))), .give(running), .stayUntilStopped,
            ])
        }
    }

    @Test("a job whose lease is another's is destroyed, and nothing more is written about it")
    func lost() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .lost } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment())
            try await running.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.results.isEmpty && $0.givenBack.isEmpty })
        #expect(!fixture.coordinator.log(of: 1).contains("Job"))
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a runner that cannot renew ends its container before the lease can have ended")
    func unrenewed() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { throw CoordinatorError.unavailable("down") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment())
            try await running.wait()
            // 60 s of lease, of which a sixth is for ending the container.
            await time.waitForSleeper(until: .seconds(50))
            time.advance(to: .seconds(50))
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.results.isEmpty })
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a renewed lease holds on, counted from when the heartbeat was sent")
    func renewed() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment())
            try await running.wait()
            await time.waitForSleeper(until: .seconds(50))
            for beat in [20, 40] {
                await time.waitForSleeper(until: .seconds(beat))
                time.advance(to: .seconds(beat))
            }
            await time.waitForSleeper(until: .seconds(60))
            // The first lease's end goes by. The last heartbeat was sent at 40 s: a sixth of 60 s before 100 s counts now.
            time.advance(to: .seconds(50))
            await time.waitForSleeper(until: .seconds(90))
            fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "pawl cancel") } }
            time.advance(to: .seconds(60))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == .cancelled)
    }

    @Test("the lease is as long as its acknowledgement says, however short the claim's was")
    func acknowledged() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "pawl cancel") } }
        try await fixture.whileRunning {
            var assignment = fixture.assignment()
            assignment.leaseFor = .seconds(300)
            fixture.coordinator.offer(assignment)
            try await running.wait()
            await time.waitForSleeper(until: .seconds(250))
            await time.waitForSleeper(until: .seconds(100))
            time.advance(to: .seconds(100))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == .cancelled)
    }

    @Test("a cancelled job is stopped, and says so")
    func cancelled() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "mira said pawl cancel") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment())
            try await running.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure == Failure(.cancelled, "mira said pawl cancel"))
        #expect(fixture.coordinator.log(of: 1).hasSuffix("Job cancelled: mira said pawl cancel\n"))
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test(
        "a job past its time, or silent for too long, is stopped, and the log says why",
        arguments: [
            (JobLimits(timeout: .seconds(10)), FailureClass.timeout, "longer than the 10.0 s"),
            (JobLimits(noOutputTimeout: .seconds(10)), .noOutput, "wrote nothing for 10.0 s"),
        ])
    func limits(limits: JobLimits, expected: FailureClass, words: String) async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock)
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment(limits: limits))
            try await running.wait()
            await time.waitForSleeper(until: .seconds(10))
            time.advance(to: .seconds(10))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == expected)
        #expect(fixture.coordinator.log(of: 1).contains(words))
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a runner that stops lets its job go on for the grace, and then gives it back unspent")
    func gracefulStop() async throws {
        let running = ExecutorSignal()
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: staying(running), clock: time.clock) { $0.grace = .seconds(7) }
        let over = Task {
            await time.waitForSleeper(until: .seconds(7))
            time.advance(to: .seconds(7))
        }
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment())
            try await running.wait()
        }
        await over.value
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack } == [1: "the runner stops"])
        #expect(fixture.coordinator.result(of: 1) == nil)
        #expect(try await fixture.leftovers().isEmpty)
    }
}
