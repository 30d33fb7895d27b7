import Executors
import Foundation
import PipelineModel
import Testing

@testable import Runner

@Suite("a job's script", .timeLimit(.minutes(2)))
struct JobScriptTests {
    @Test("before_script and script share a shell, and each command is repeated before it runs")
    func oneShell() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let result = try await fixture.carryOut(
            fixture.assignment(script: [
                "echo \"$word\"; cat greeting.txt", "for i in 1 2\ndo echo $i\ndone", "git log --format=%s",
            ]) {
                $0.beforeScript = ["word='from before'"]
            })
        #expect(result?.failure == nil && result?.exitCode == 0)
        #expect(result?.summary == "First")
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("\u{1B}[32;1m$ word='from before'\u{1B}[0m\n"))
        #expect(log.contains("from before\nhello\n"))
        #expect(log.contains("$ for i in 1 2 # collapsed multi-line command\u{1B}[0m\n1\n2\n"))
        #expect(log.contains("Greet\nFirst\n"))
        #expect(log.hasSuffix("Job passed\n"))
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("the first failing command ends the script with its code, also in a pipe")
    func failing() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let result = try await fixture.carryOut(
            fixture.assignment(script: ["echo before", "(exit 7) | cat", "echo never"]))
        #expect(result?.failure?.class == .script && result?.exitCode == 7)
        #expect(!fixture.coordinator.log(of: 1).contains("\nnever"))
        #expect(fixture.coordinator.log(of: 1).hasSuffix("Job failed: exit 7\n"))
    }

    @Test("after_script runs whatever happened, knows how it ended, and changes nothing", arguments: [0, 3])
    func afterScript(code: Int) async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let result = try await fixture.carryOut(
            fixture.assignment(script: ["echo said", "exit \(code)"]) {
                $0.afterScript = ["echo status=$CI_JOB_STATUS", "exit 9"]
            })
        #expect(result?.exitCode == code)
        #expect(result?.summary == "said")
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("status=\(code == 0 ? "success" : "failed")\n"))
        #expect(log.contains("after_script ended with 9"))
    }

    @Test("a script that is stopped gets the chance to save what it has")
    func stopped() async throws {
        let executor = WatchingExecutor(ProcessExecutor(), waitingFor: "\nready")
        let time = TestClock()
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "newer push") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(
                fixture.assignment(
                    script: ["trap 'echo saved; exit 0' TERM", "echo ready; sleep 600 >/dev/null 2>&1 & wait $!"]))
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure == Failure(.cancelled, "newer push"))
        #expect(fixture.coordinator.log(of: 1).contains("\nsaved\n"))
    }

    @Test("values reach the script as they are, whatever is in them, and PAWL_ names stay Pawl's")
    func variables() async throws {
        let odd = "a 'quoted' \"$(id)\" `x` $HOME \\ ü\nsecond line"
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let given = [
            Variable("PAWL_PIPELINE", "1"), Variable("ODD", odd, expands: false), Variable("BASE", "x"),
            Variable("REFERS", "$BASE-$CI_PROJECT_DIR"), Variable("bad-name", "1"), Variable("PAWL_PIPELINE", "forged"),
        ]
        _ = try await fixture.carryOut(
            fixture.assignment(
                script: ["printf '%s|' \"$ODD\" \"$REFERS\" \"$PAWL_PIPELINE\"; echo; echo \"$CI_RUNNER_DESCRIPTION\""],
                variables: given
            ) { $0.variables = [Variable("PAWL_PIPELINE", "forged")] })
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("\(odd)|x-/builds/ml/churn|1|\ntest\n"))
        #expect(log.contains("PAWL_PIPELINE of the pipeline file is left out"))
        #expect(log.contains("\"bad-name\" is left out"))
    }

    @Test("secrets reach the script and nothing else: not the container's settings, not the log, not the disk")
    func secrets() async throws {
        let executor = ScriptedExecutor { _ in
            .init([
                .write(ContainerOutput(.standardOutput, Array("token hun".utf8))),
                .write(ContainerOutput(.standardError, Array("ter2-hunter2 aHVudGVyMi1odW50ZXIy\n".utf8))),
            ])
        }
        let fixture = try await RunnerFixture(executor: executor)
        let secrets = [
            GrantedSecret(name: "TOKEN", kind: .variable, value: Redacted("hunter2-hunter2")),
            GrantedSecret(name: "KEY", kind: .file, value: Redacted("key-in-a-file")),
            GrantedSecret(name: "PIN", kind: .variable, value: Redacted("1234")),
        ]
        _ = try await fixture.carryOut(
            fixture.assignment(variables: [Variable("COPY", "$TOKEN")], secrets: secrets) {
                $0.image = .init(name: "registry/$TOKEN:1")
            })
        let specification = try #require(executor.specifications.first)
        #expect(!"\(specification)".contains("hunter2") && specification.environment.isEmpty)
        #expect(specification.image == "registry/:1")
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("token [masked] [masked]\n"))
        #expect(log.contains("PIN is shorter than 6 characters"))
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a secret of kind file is its user's alone, can be changed like any file, and is gone afterwards")
    func secretFile() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let secret = GrantedSecret(name: "KEY", kind: .file, value: Redacted("key-in-a-file"))
        let script = [
            "tr a-z A-Z < $KEY; echo", "stat -c 'mode %a' $KEY ${KEY%/*}", "chmod 400 $KEY && echo changed",
            "echo \"at $KEY\"",
        ]
        _ = try await fixture.carryOut(fixture.assignment(script: script, secrets: [secret]))
        let log = fixture.coordinator.log(of: 1)
        #expect(log.contains("KEY-IN-A-FILE\n") && log.contains("\nmode 600\nmode 700\n"))
        #expect(log.contains("\nchanged\n"))
        let place = try #require(log.split(separator: "\n").first { $0.hasPrefix("at /") }?.dropFirst(3))
        #expect(place.hasPrefix("/dev/shm/") && !FileManager.default.fileExists(atPath: String(place)))
    }

    @Test("a job's variables may have any name, those that the script could use among them")
    func anyName() async throws {
        let names = ["here", "shell", "child", "code", "result", "guard", "stopping"]
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let result = try await fixture.carryOut(
            fixture.assignment(
                script: ["echo \"$here/$shell/$child/$code/$result/$guard/$stopping\"", "exit 3"],
                variables: names.map { Variable($0, "job's \($0)") } + [Variable("_pawl_code", "0")]
            ) { $0.afterScript = ["echo \"after: $here $CI_JOB_STATUS\""] })
        let log = fixture.coordinator.log(of: 1)
        #expect(result?.exitCode == 3)
        #expect(log.contains("\n" + names.map { "job's \($0)" }.joined(separator: "/") + "\n"))
        #expect(log.contains("\nafter: job's here failed\n"))
    }
}
