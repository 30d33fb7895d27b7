import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("what an attempt leaves", .timeLimit(.minutes(2)))
struct ResultTests {
    @Test("a result is sent until it is accepted, and is on disk until then")
    func repeated() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor { _ in .writing("14 passed\n") })
        let results = fixture.settings.stateFolder + "/results"
        let spooled = NIOLockedValueBox<[[String]]>([])
        fixture.coordinator.onComplete.withLockedValue {
            $0 = { count in
                let names = try FileManager.default.contentsOfDirectory(atPath: results)
                spooled.withLockedValue { $0.append(names) }
                if count < 3 { throw CoordinatorError.unavailable("down") }
            }
        }
        let result = try await fixture.carryOut(fixture.assignment())
        #expect(result?.summary == "14 passed")
        #expect(spooled.withLockedValue { $0 } == [["1.json"], ["1.json"], ["1.json"]])
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a result that an earlier process could not send is sent at the next start")
    func resent() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        let folders = try RunnerFolders(fixture.settings)
        var entry = ResultSpool.Entry(
            key: LeaseKey(job: 5, attempt: 5, epoch: 3),
            result: AttemptResult(exitCode: 0, finishedAt: Timestamp(milliseconds: 1)))
        // As much as a job may report.
        entry.result.report = MetricReport()
        entry.result.report?.examples = ExampleTable(
            ids: (0..<ExampleTable.exampleLimit).map { "example \(10_000 + $0)" },
            values: Dictionary(
                uniqueKeysWithValues: (0..<ExampleTable.metricLimit).map {
                    ("m\($0)", Array(repeating: 1.0 / 3, count: ExampleTable.exampleLimit))
                }))
        try ResultSpool(folder: folders.results).write(entry)
        try await fixture.whileRunning { try await fixture.coordinator.signal(for: 5).wait() }
        #expect(fixture.coordinator.result(of: 5) == entry.result)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("what a crash left is removed at the next start: containers of this runner, workspaces, scripts")
    func leftovers() async throws {
        let executor = ScriptedExecutor()
        let fixture = try await RunnerFixture(executor: executor)
        let folders = try RunnerFolders(fixture.settings)
        for instance in [folders.instance, "another"] {
            _ = try await executor.create(
                ContainerSpecification(
                    labels: ContainerLabels(instance: instance, key: LeaseKey(job: 1, attempt: 1, epoch: 1)),
                    image: "x", command: [], workingDirectory: "/", limits: JobLimits()))
        }
        try PrivateFile.makeFolder(folders.workspaces + "/9/project")
        try PrivateFile.makeFolder(folders.memory + "/9")
        // It was killed while it wrote this one.
        try PrivateFile.write("{", to: folders.results + "/9.json.new", mode: 0o600)
        _ = try await fixture.carryOut(fixture.assignment())
        #expect(try await executor.leftovers().map(\.labels.instance) == ["another"])
        #expect(try await fixture.leftovers() == ["scripted-2"])
    }

    @Test("what an earlier process had in hand and had not begun is given back at once, and nothing else")
    func notBegun() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        let folders = try RunnerFolders(fixture.settings)
        let keys = (1...3).map { LeaseKey(job: JobID(rawValue: $0), attempt: AttemptID(rawValue: $0), epoch: 1) }
        fixture.coordinator.ofEarlier.withLockedValue { $0 = Set(keys) }
        // The second has a result; of the third the container may have been started.
        let result = AttemptResult(exitCode: 0, finishedAt: Timestamp(milliseconds: 1))
        try ResultSpool(folder: folders.results).write(.init(key: keys[1], result: result))
        try PrivateFile.makeFolder(folders.memory + "/3.handover")
        try PrivateFile.write("{", to: folders.memory + "/3.handover/attempt", mode: 0o600)
        try await fixture.whileRunning {
            for attempt: AttemptID in [1, 2] { try await fixture.coordinator.signal(for: attempt).wait() }
        }
        let expected: [AttemptID: String] = [1: "the runner ended before the job had begun"]
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack } == expected)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a container of an earlier process is gone on with only where the server says that its job is the runner's")
    func takenBack() async throws {
        let executor = ScriptedExecutor()
        let fixture = try await RunnerFixture(executor: executor)
        let folders = try RunnerFolders(fixture.settings)
        let assignment = fixture.assignment()
        let container = try await executor.create(
            ContainerSpecification(
                labels: ContainerLabels(instance: folders.instance, key: assignment.key), image: "x", command: [],
                workingDirectory: "/", limits: JobLimits()))
        let now = RunnerClock.system.now()
        try folders.handovers.begin(
            Handover(
                claim: Claim(key: assignment.key, pipeline: 1, jobName: "test", leaseFor: .seconds(60)),
                receivedAt: now, assignment: assignment, container: container, notes: []),
            under: LeaseTerm(length: .seconds(60), end: now + .seconds(60)))
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .lost } }
        _ = try await fixture.carryOut(fixture.assignment(2))
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack.isEmpty && $0.logs[1] == nil })
        #expect(fixture.coordinator.result(of: 1) == nil)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("files that a job keeps are laid into the workspace of the next")
    func artifacts() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let first = fixture.assignment(
            1, script: ["mkdir -p model", "echo weights > model/a.bin", "echo log > model/b.log"]
        ) {
            $0.artifacts = .init(paths: ["$FOLDER/"], exclude: ["model/*.log"], expireIn: .hours(1))
            $0.variables = [Variable("FOLDER", "model")]
        }
        var withVariable = first
        withVariable.variables = [Variable("FOLDER", "model")]
        #expect(try await fixture.carryOut(withVariable)?.failure == nil)
        let kept = try #require(fixture.coordinator.state.withLockedValue { $0.stored[1] })
        #expect(kept.fileCount == 1 && kept.paths == ["model/a.bin"])
        let tries = NIOLockedValueBox(0)
        fixture.coordinator.onArtifact.withLockedValue {
            $0 = {
                let isFirst = tries.withLockedValue { tries in
                    defer { tries += 1 }
                    return tries == 0
                }
                if isFirst { throw CoordinatorError.unavailable("down for a moment") }
            }
        }
        let result = try await fixture.carryOut(
            fixture.assignment(2, script: ["cat model/a.bin"], artifacts: [ArtifactInput(job: "train", artifact: kept)])
        )
        #expect(result?.summary == "weights")
        #expect(fixture.coordinator.log(of: 2).contains("artifacts of train: 1 files, 8 B"))
    }

    @Test("a file that shrinks to next to nothing when it is packed reaches the next job like any other")
    func shrinkingArtifact() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let first = fixture.assignment(1, script: ["truncate -s 192M zeros.npy"]) {
            $0.artifacts = .init(paths: ["zeros.npy"])
        }
        #expect(try await fixture.carryOut(first)?.failure == nil)
        let kept = try #require(fixture.coordinator.state.withLockedValue { $0.stored[1] })
        #expect(kept.size.bytes < 192 << 10)
        let input = ArtifactInput(job: "train", artifact: kept)
        let result = try await fixture.carryOut(
            fixture.assignment(2, script: ["stat -c %s zeros.npy"], artifacts: [input]))
        #expect(result?.failure == nil && result?.summary == "201326592")
    }

    @Test("an artifact larger than what may be kept is not laid out")
    func oversizedArtifact() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let first = fixture.assignment(1, script: ["truncate -s 2M zeros.npy"]) {
            $0.artifacts = .init(paths: ["zeros.npy"])
        }
        #expect(try await fixture.carryOut(first)?.failure == nil)
        let kept = try #require(fixture.coordinator.state.withLockedValue { $0.stored[1] })
        let second = fixture.assignment(
            2, limits: JobLimits(artifactSize: .mebibytes(1)), artifacts: [ArtifactInput(job: "train", artifact: kept)])
        #expect(try await fixture.carryOut(second)?.failure?.message.contains("larger than 1048576 bytes") == true)
    }

    @Test("artifacts follow the outcome", arguments: [("on_success", false), ("on_failure", true), ("always", true)])
    func artifactsWhen(when: String, isKept: Bool) async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let when = try #require(PlannedJob.Artifacts.When(rawValue: when))
        let result = try await fixture.carryOut(
            fixture.assignment(script: ["exit 4"]) { $0.artifacts = .init(paths: ["greeting.txt"], when: when) })
        #expect(result?.exitCode == 4)
        #expect(fixture.coordinator.state.withLockedValue { $0.stored.isEmpty } == !isKept)
    }

    @Test("artifacts past the limit fail a job that passed, and say so")
    func artifactsTooLarge() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        let result = try await fixture.carryOut(
            fixture.assignment(
                script: ["head -c 5000 /dev/urandom > big"], limits: JobLimits(artifactSize: ByteCount(bytes: 1_000))
            ) { $0.artifacts = .init(paths: ["big"]) })
        #expect(result?.failure?.class == .policy)
        #expect(fixture.coordinator.log(of: 1).contains("the artifacts could not be kept"))
    }

    @Test("an artifact that arrives changed is not laid out")
    func changedArtifact() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        let reference = ArtifactReference(
            sha256: String(repeating: "0", count: 64), size: ByteCount(bytes: 3), fileCount: 1, paths: ["x"])
        fixture.coordinator.state.withLockedValue { $0.artifacts[reference.sha256] = [1, 2, 3] }
        let result = try await fixture.carryOut(
            fixture.assignment(artifacts: [ArtifactInput(job: "train", artifact: reference)]))
        #expect(result?.failure?.class == .system)
        #expect(result?.failure?.message.contains("did not arrive whole") == true)
    }

    @Test(
        "each failure has its class, and leaves nothing",
        arguments: [
            (
                ScriptedExecutor.Script(createError: ExecutorError(.imageUnavailable, message: "no x:1")),
                FailureClass.image
            ),
            (.init(createError: ExecutorError(.refused, message: "wrong")), .script),
            (.init(createError: ExecutorError(.engineFailed, message: "no space")), .system),
            (.init(startError: ExecutorError(.engineUnavailable, message: "gone")), .system),
            (.init(exit: ContainerExit(code: 137, isOutOfMemory: true)), .outOfMemory),
            (.init(exit: ContainerExit(code: 2)), .script),
        ] as [(ScriptedExecutor.Script, FailureClass)])
    func classes(script: ScriptedExecutor.Script, expected: FailureClass) async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor { _ in script })
        #expect(try await fixture.carryOut(fixture.assignment())?.failure?.class == expected)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a commit that cannot be had is Pawl's side, not the script's")
    func missingCommit() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        var assignment = fixture.assignment()
        assignment.commit = String(repeating: "a", count: 40)
        #expect(try await fixture.carryOut(assignment)?.failure?.class == .system)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("two runners do not share a state folder")
    func sharedFolder() async throws {
        let fixture = try await RunnerFixture(executor: ScriptedExecutor())
        try PrivateFile.makeFolder(fixture.settings.stateFolder)
        let lock = try FolderLock(fixture.settings.stateFolder)
        await #expect(throws: RunnerError.self) { try await fixture.whileRunning {} }
        extendLifetime(lock)
    }
}
