import Executors
import Foundation
import HTTPTransport
import PipelineModel
import Testing

@testable import Runner

/// The engine that the tests use, and whether it answers and has the small image.
private enum Engine {
    static let client = HTTPClient()
    static let socket: String = {
        if let named = ProcessInfo.processInfo.environment["PAWL_DOCKER_SOCKET"] { return named }
        let own = "/tmp/pawl-dockerd-\(getuid())/docker.sock"
        return FileManager.default.fileExists(atPath: own) ? own : "/var/run/docker.sock"
    }()

    static func executor(instance: String = "runner-\(UUID().uuidString.prefix(8))") -> DockerExecutor {
        DockerExecutor(engine: DockerEngine(socket: socket, sender: client), settings: .init(instance: instance))
    }

    static func isReachable() async -> Bool { (try? await executor().leftovers()) != nil }
}

@Suite(
    "a job in a real container",
    .enabled("needs a Docker Engine: scripts/dockerd start") { await Engine.isReachable() },
    .timeLimit(.minutes(2)))
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
}
