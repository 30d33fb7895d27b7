import Executors
import Foundation
import PipelineModel
import Testing

@testable import Runner

@Suite(
    "a job in a real container",
    .needsDocker, .timeLimit(.minutes(2)))
struct DockerJobTests {
    private func fixture(
        _ executor: any Executor = Engine.executor(), clock: RunnerClock = .system
    ) async throws -> RunnerFixture {
        try await RunnerFixture(executor: executor, clock: clock) {
            $0.defaultImage = "pawl-test:tiny"
            // The engine sees the machine's own memory folder, and the same temporary folder as the tests.
            $0.memoryFolder = "/dev/shm"
        }
    }

    @Test("it sees its files, variables and secrets, and the container's own environment has none of them")
    func whole() async throws {
        let fixture = try await fixture()
        let secrets = [
            GrantedSecret(name: "TOKEN", kind: .variable, value: Redacted("hunter2-hunter2")),
            GrantedSecret(name: "KEY", kind: .file, value: Redacted("key in a file")),
        ]
        let result = try await fixture.carryOut(
            fixture.assignment(
                script: [
                    "pwd; cat greeting.txt",
                    "tr a-z A-Z < $KEY; echo; chmod 400 $KEY && stat -c %a $KEY", "echo ${#TOKEN} $TOKEN",
                    "tr '\\0' '\\n' < /proc/1/environ | grep -c -e TOKEN -e hunter || true",
                    "touch /pawl/x || echo read-only", "echo made > new.txt", "exit 5",
                ], secrets: secrets
            ) {
                $0.afterScript = ["cat new.txt; echo status $CI_JOB_STATUS"]
                $0.artifacts = .init(paths: ["*.txt"], when: .always)
            })
        let log = fixture.coordinator.log(of: 1)
        #expect(result?.failure == Failure(.script, exitCode: 5, "exit 5"))
        #expect(result?.imageDigest?.hasPrefix("sha256:") == true)
        for expected in [
            "\n/builds/ml/churn\nhello\n", "\nKEY IN A FILE\n400\n",
            "\n15 [masked]\n", "\u{1B}[0m\n0\n", "\nread-only\n",
            "\nmade\nstatus failed\n",
        ] { #expect(log.contains(expected), "\(expected.debugDescription) in \(log)") }
        #expect(fixture.coordinator.state.withLockedValue { $0.stored[1]?.paths } == ["greeting.txt", "new.txt"])
        #expect(try await fixture.executor.leftovers().isEmpty)
        let instance = try PrivateFile.read(fixture.settings.stateFolder + "/instance", limit: 64)
        #expect(!FileManager.default.fileExists(atPath: "/dev/shm/pawl-" + String(decoding: instance, as: UTF8.self)))
    }

    @Test(
        "its script runs whatever the entrypoint does with what it is given",
        arguments: [[""], ["/bin/sh", "-c"], ["sh", "-ec"], ["/bin/busybox", "env"]])
    func entrypoint(words: [String]) async throws {
        let fixture = try await fixture()
        let result = try await fixture.carryOut(
            fixture.assignment(script: ["echo it ran", "exit 3"]) {
                $0.image = .init(name: "pawl-test:tiny", entrypoint: words)
            })
        #expect(result?.exitCode == 3)
        #expect(fixture.coordinator.log(of: 1).contains("\nit ran\n"))
    }

    @Test("when it is cancelled, its script gets to save what it has")
    func cancelled() async throws {
        let executor = WatchingExecutor(Engine.executor(), waitingFor: "\nready")
        let time = TestClock()
        let fixture = try await fixture(executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "newer push") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(
                fixture.assignment(script: ["trap 'echo saved; exit 0' TERM", "echo ready; sleep 600 & wait $!"]))
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure == Failure(.cancelled, "newer push"))
        #expect(fixture.coordinator.log(of: 1).contains("\nsaved\n"))
        #expect(try await fixture.executor.leftovers().isEmpty)
    }

    @Test(
        "when it is cancelled, what its script runs in the foreground gets to save what it has",
        arguments: ["pawl-test:tiny", "pawl-test:bash"])
    func cancelledForeground(image: String) async throws {
        let executor = WatchingExecutor(Engine.executor(), waitingFor: "\nready")
        let time = TestClock()
        let fixture = try await fixture(executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "newer push") } }
        // A program of its own, as a training is: it hears of the end, and takes a moment for its work.
        let training = "trap 'sleep 1; echo saved; exit 0' TERM; echo ready; while true; do sleep 1; done"
        try await fixture.whileRunning {
            fixture.coordinator.offer(
                fixture.assignment(script: ["sh -c \"\(training)\"", "echo the next command"]) {
                    $0.image = .init(name: image)
                })
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        let log = fixture.coordinator.log(of: 1)
        #expect(fixture.coordinator.result(of: 1)?.failure == Failure(.cancelled, "newer push"))
        #expect(log.contains("\nsaved\n") && !log.contains("\nthe next command\n"), "\(log)")
        #expect(try await fixture.executor.leftovers().isEmpty)
    }

    @Test("when its lease cannot be renewed, its container is gone")
    func unrenewed() async throws {
        let executor = WatchingExecutor(Engine.executor(), waitingFor: "\nready")
        let time = TestClock()
        let fixture = try await fixture(executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { throw CoordinatorError.unavailable("down") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(fixture.assignment(script: ["echo ready; sleep 600"]))
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(50))
            time.advance(to: .seconds(50))
        }
        #expect(fixture.coordinator.result(of: 1) == nil)
        #expect(try await fixture.executor.leftovers().isEmpty)
    }

    // MARK: - Checkpoints and usage

    private func training(_ fixture: RunnerFixture, _ attempt: AttemptID = 1, from checkpoint: Checkpoint? = nil)
        -> Assignment
    {
        // Counts on from where it was, a step each time it is told to end or its second is over; it writes aside and renames.
        let script = """
            step=$(cat "${PAWL_RESUME_FROM:-/none}/step" 2>/dev/null || echo 0); echo "begins at $step"
            save() { mkdir -p ckpt; echo "$1" > ckpt/.step; mv ckpt/.step ckpt/step; }
            trap 'save $step; echo "saved $step"; exit 0' TERM
            step=$((step + 1)); save $step; sleep 1; echo ready
            if [ "$step" -ge 2 ]; then echo "ends at $step"; exit 0; fi
            sleep 600 & wait $!
            """
        var assignment = fixture.assignment(attempt, script: [script]) {
            var ml = MLSettings()
            ml.checkpoint = "ckpt"
            ml.checkpointEvery = .minutes(1)
            $0.ml = ml
        }
        assignment.checkpoint = checkpoint
        return assignment
    }

    @Test("when its runner stops, what it saved goes to the next attempt, which goes on from there")
    func preempted() async throws {
        let executor = WatchingExecutor(Engine.executor(), waitingFor: "\nready")
        let fixture = try await RunnerFixture(executor: executor) {
            $0.defaultImage = "pawl-test:tiny"
            $0.memoryFolder = "/dev/shm"
            $0.grace = .zero
        }
        try await fixture.whileRunning {
            fixture.coordinator.offer(training(fixture))
            try await executor.seen.wait()
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack[1] } == "the runner stops")
        let saved = try #require(fixture.coordinator.checkpoint(of: 1))
        let result = try await fixture.carryOut(training(fixture, 2, from: saved))
        let log = fixture.coordinator.log(of: 2)
        #expect(result?.failure == nil)
        #expect(log.contains("\nbegins at 1\n") && log.contains("\nends at 2\n"), "\(log)")
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("while it runs, what it saved is kept at each interval where it has changed")
    func interval() async throws {
        let executor = WatchingExecutor(Engine.executor(), waitingFor: "\nready")
        let time = TestClock()
        let fixture = try await fixture(executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .renewed(leaseFor: .hours(1)) } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(training(fixture))
            try await executor.seen.wait()
            // The first heartbeat makes the lease long enough for what follows.
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            await time.waitForSleeper(until: .seconds(1_220))
            await time.waitForSleeper(until: .seconds(60))
            time.advance(to: .seconds(60))
            try await fixture.coordinator.firstCheckpoint.wait()
            await time.waitForSleeper(until: .seconds(120))
            time.advance(to: .seconds(120))
            // It has looked again, and found nothing new.
            await time.waitForSleeper(until: .seconds(180))
            #expect(fixture.coordinator.state.withLockedValue { $0.checkpoints[1]?.count } == 1)
            fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "enough") } }
            await time.waitForSleeper(until: .seconds(1_220))
            time.advance(to: .seconds(1_220))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.log(of: 1).contains("checkpoint of ckpt kept: 1 files"))
        #expect(try await fixture.executor.leftovers().isEmpty)
    }

    @Test("what it used is told with its result: processor time, memory, bytes")
    func usage() async throws {
        let fixture = try await fixture()
        let result = try await fixture.carryOut(
            fixture.assignment(script: [
                "n=0; while [ $n -lt 300000 ]; do n=$((n + 1)); done", "head -c 1000 /dev/urandom > kept.bin; sleep 1",
            ]) { $0.artifacts = .init(paths: ["kept.bin"]) })
        let usage = try #require(result?.usage)
        #expect(usage.cpuMs ?? 0 > 0 && usage.wallMs >= 1_000)
        #expect(usage.peakMemory.map { $0 > .mebibytes(0) && $0 < .gibibytes(2) } == true)
        #expect(usage.uploaded.bytes > 1_000 && usage.downloaded.bytes == 0)
    }
}
