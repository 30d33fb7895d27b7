import Archives
import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import Testing

@testable import Runner

@Suite("a job's checkpoints", .timeLimit(.minutes(2)))
struct CheckpointTests {
    private static func saves(_ job: inout PlannedJob) {
        var ml = MLSettings()
        ml.checkpoint = "ckpt/"
        job.ml = ml
    }

    private func assignment(
        _ fixture: RunnerFixture, _ attempt: AttemptID = 1, script: [String], from checkpoint: Checkpoint? = nil
    ) -> Assignment {
        var assignment = fixture.assignment(attempt, script: script, change: Self.saves)
        assignment.checkpoint = checkpoint
        return assignment
    }

    private static let step = "mkdir -p ckpt; echo step 7 > ckpt/new; mv ckpt/new ckpt/state"

    @Test("what a job saved before it failed is laid into the next attempt, which is told where")
    func failed() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        _ = try await fixture.carryOut(
            assignment(fixture, script: ["echo from ${PAWL_RESUME_FROM-nothing}", Self.step, "exit 1"]))
        #expect(fixture.coordinator.log(of: 1).contains("\nfrom nothing\n"))
        #expect(fixture.coordinator.log(of: 1).contains("checkpoint of ckpt/ kept: 1 files"))
        let saved = try #require(fixture.coordinator.checkpoint(of: 1))
        let result = try await fixture.carryOut(
            assignment(
                fixture, 2, script: ["echo from $PAWL_RESUME_FROM at $(cat $PAWL_RESUME_FROM/state)"], from: saved))
        let log = fixture.coordinator.log(of: 2)
        #expect(result?.failure == nil)
        #expect(log.contains("\nfrom ckpt/ at step 7\n"), "\(log)")
        #expect(log.contains("goes on from the checkpoint of attempt 1: 1 files"))
        // Passed, and nothing is new: it needs no other.
        #expect(fixture.coordinator.state.withLockedValue { $0.checkpoints[2] } == nil)
        #expect(result?.usage?.downloaded == saved.artifact.size)
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("an attempt that gets no further sends nothing again")
    func unchanged() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        _ = try await fixture.carryOut(assignment(fixture, script: [Self.step, "exit 1"]))
        let saved = try #require(fixture.coordinator.checkpoint(of: 1))
        _ = try await fixture.carryOut(assignment(fixture, 2, script: ["exit 1"], from: saved))
        #expect(fixture.coordinator.state.withLockedValue { $0.checkpoints[2] } == nil)
    }

    @Test("a checkpoint that does not arrive whole is not used: the attempt fails on Pawl's side")
    func torn() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        _ = try await fixture.carryOut(assignment(fixture, script: [Self.step, "exit 1"]))
        let saved = try #require(fixture.coordinator.checkpoint(of: 1))
        _ = fixture.coordinator.state.withLockedValue { $0.artifacts[saved.artifact.sha256]?.removeLast() }
        let result = try await fixture.carryOut(assignment(fixture, 2, script: ["echo begun"], from: saved))
        #expect(result?.failure?.class == .system)
        #expect(!fixture.coordinator.log(of: 2).contains("\nbegun\n"))
    }

    @Test("a job that a person stops, or that passes, sends none")
    func notWanted() async throws {
        let time = TestClock()
        let executor = WatchingExecutor(ProcessExecutor(), waitingFor: "\nready")
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock)
        fixture.coordinator.onHeartbeat.withLockedValue { $0 = { .cancel(reason: "newer push") } }
        try await fixture.whileRunning {
            fixture.coordinator.offer(
                assignment(fixture, script: [Self.step, "trap 'exit 0' TERM; echo ready; sleep 600 & wait $!"]))
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(20))
            time.advance(to: .seconds(20))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == .cancelled)
        #expect(fixture.coordinator.state.withLockedValue { $0.checkpoints.isEmpty })
    }

    @Test("a job that takes longer than it may leaves what it saved")
    func timeout() async throws {
        let time = TestClock()
        let executor = WatchingExecutor(ProcessExecutor(), waitingFor: "\nready")
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock)
        let script = [Self.step, "echo ready; sleep 600 & wait $!"]
        let given = fixture.assignment(script: script, limits: JobLimits(timeout: .seconds(15)), change: Self.saves)
        try await fixture.whileRunning {
            fixture.coordinator.offer(given)
            try await executor.seen.wait()
            await time.waitForSleeper(until: .seconds(15))
            time.advance(to: .seconds(15))
            try await fixture.coordinator.signal(for: 1).wait()
        }
        #expect(fixture.coordinator.result(of: 1)?.failure?.class == .timeout)
        #expect(fixture.coordinator.checkpoint(of: 1)?.artifact.fileCount == 1)
    }

    @Test("a server that takes none does not change how the job ends")
    func refused() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        fixture.coordinator.onCheckpoint.withLockedValue { $0 = { throw CoordinatorError.refused("no room") } }
        let result = try await fixture.carryOut(assignment(fixture, script: [Self.step, "exit 4"]))
        #expect(result?.failure == Failure(.script, exitCode: 4, "exit 4"))
        #expect(fixture.coordinator.log(of: 1).contains("the checkpoint could not be kept: refused: no room"))
    }

    @Test("a runner that is to stop does not wait for ever for a server that takes none")
    func impatient() async throws {
        let time = TestClock()
        let patience = Duration.minutes(90)
        let executor = WatchingExecutor(ProcessExecutor(), waitingFor: "\nready")
        let fixture = try await RunnerFixture(executor: executor, clock: time.clock) {
            $0.grace = .zero
            $0.checkpointPatience = patience
        }
        let asked = ExecutorSignal()
        fixture.coordinator.onCheckpoint.withLockedValue {
            $0 = {
                asked.give()
                throw CoordinatorError.unavailable("no")
            }
        }
        // The clock stands still, and with it whoever would ask again: only an end of patience goes on.
        async let end: Void = {
            try await asked.wait()
            await time.waitForSleeper(until: patience)
            time.advance(to: patience)
        }()
        try await fixture.whileRunning {
            fixture.coordinator.offer(assignment(fixture, script: [Self.step, "echo ready", "sleep 60"]))
            try await executor.seen.wait()
        }
        try await end
        #expect(fixture.coordinator.state.withLockedValue { $0.givenBack[1] } == "the runner stops")
        #expect(try await fixture.leftovers().isEmpty)
    }

    @Test("a path that leads outside saves nothing")
    func outside() async throws {
        let fixture = try await RunnerFixture(executor: ProcessExecutor())
        for (number, path) in ["../x", "/etc", "$NOWHERE", "a/../../x"].enumerated() {
            var assignment = fixture.assignment(AttemptID(rawValue: Int64(number) + 1), script: ["exit 1"])
            assignment.job.ml = MLSettings()
            assignment.job.ml?.checkpoint = path
            _ = try await fixture.carryOut(assignment)
        }
        #expect(fixture.coordinator.state.withLockedValue { $0.checkpoints.isEmpty })
    }

    // MARK: - Packing

    private func folder() throws -> String {
        let folder = NSTemporaryDirectory() + "pawl-checkpoint-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/ckpt", withIntermediateDirectories: true)
        return folder
    }

    private func pack(_ folder: String, known: FileStamps? = nil, isLive: Bool = false) throws -> CheckpointFile.Packing
    {
        try CheckpointFile.pack(
            FileSelection(include: ["ckpt/"]), of: folder, known: known, isLive: isLive
        ) { try ArtifactFile.pack($0, of: folder, to: folder + "/packed", limit: .mebibytes(64)) }
    }

    @Test("only files that rest are packed, only once, and a change is seen whatever its size")
    func packing() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard case .nothing = try pack(folder) else { return #expect(Bool(false), "an empty folder is nothing") }
        let file = URL(filePath: folder + "/ckpt/state")
        try Data("step 1".utf8).write(to: file)
        guard case .changing = try pack(folder, isLive: true) else {
            return #expect(Bool(false), "what was written just now may be written still")
        }
        guard case .packed(let first, let stamps) = try pack(folder) else { return #expect(Bool(false), "not packed") }
        guard case .unchanged = try pack(folder, known: stamps) else { return #expect(Bool(false), "it is unchanged") }
        try Data("step 2".utf8).write(to: file)
        guard case .packed(let second, _) = try pack(folder, known: stamps) else {
            return #expect(Bool(false), "the change was not seen")
        }
        #expect(first.sha256 != second.sha256 && first.fileCount == 1)
    }

    /// What a job may do to its files while they are read.
    enum Meddling: CaseIterable {
        case sameSize, longer, added, removed, renamedOver, linked
    }

    @Test("files that a job changes while they are read are not taken", arguments: Meddling.allCases)
    func meddling(how: Meddling) throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (state, other) = (folder + "/ckpt/state", folder + "/ckpt/other")
        for file in [state, other] { try Data("step 1".utf8).write(to: URL(filePath: file)) }
        let packing = try CheckpointFile.pack(
            FileSelection(include: ["ckpt/"]), of: folder, known: nil, isLive: false
        ) { paths in
            #expect(paths == ["ckpt/other", "ckpt/state"])
            switch how {
            case .sameSize: try Data("step 2".utf8).write(to: URL(filePath: state))
            case .longer: try Data("step 10".utf8).write(to: URL(filePath: state))
            case .added: try Data().write(to: URL(filePath: folder + "/ckpt/new"))
            case .removed: try FileManager.default.removeItem(atPath: other)
            case .renamedOver: rename(other, state)
            case .linked: try FileManager.default.createSymbolicLink(atPath: other + "2", withDestinationPath: "state")
            }
            return try ArtifactFile.pack(paths, of: folder, to: folder + "/packed", limit: .mebibytes(64))
        }
        guard case .changing = packing else { return #expect(Bool(false), "it was taken: \(packing)") }
    }

    @Test("what the disk refuses is told as such, not as a job that writes")
    func disk() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("step 1".utf8).write(to: URL(filePath: folder + "/ckpt/state"))
        #expect(throws: RunnerError.self) {
            try CheckpointFile.pack(
                FileSelection(include: ["ckpt/"]), of: folder, known: nil, isLive: false
            ) { try ArtifactFile.pack($0, of: folder, to: folder + "/absent/packed", limit: .mebibytes(64)) }
        }
    }
}
