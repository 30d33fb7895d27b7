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
            FileSelection(include: ["ckpt/"]), of: folder, to: folder + "/packed", limit: .mebibytes(64), known: known,
            isLive: isLive)
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

    @Test("files that are written all the while are never packed half")
    func racing() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = folder + "/ckpt/state"
        // Each state is one letter throughout: half of one and half of another would show.
        func write(_ letter: UInt8) throws {
            try Data(repeating: letter, count: 4 << 20).write(to: URL(filePath: file))
        }
        try write(UInt8(ascii: "a"))
        // A thread of its own, and packing on others: the few that tests share are not held up.
        let isOver = NIOLockedValueBox(false)
        let (ended, end) = AsyncStream.makeStream(of: Never.self)
        Thread.detachNewThread {
            var letter = UInt8(ascii: "a")
            while !isOver.withLockedValue({ $0 }) {
                letter = letter == UInt8(ascii: "z") ? UInt8(ascii: "a") : letter + 1
                try? Data(repeating: letter, count: 4 << 20).write(to: URL(filePath: file))
                // A job that works between its writes, about as long as files have to rest.
                Thread.sleep(forTimeInterval: 0.06)
            }
            end.finish()
        }
        var (changing, packed) = (0, 0)
        while changing + packed < 20 || changing == 0 || packed == 0 {
            switch try await blocking({ try pack(folder, isLive: true) }) {
            case .changing: changing += 1
            case .packed:
                packed += 1
                let unpacked = folder + "/unpacked"
                try? FileManager.default.removeItem(atPath: unpacked)
                try FileManager.default.createDirectory(atPath: unpacked, withIntermediateDirectories: true)
                _ = try await blocking { try ArchiveUnpacker().unpack(folder + "/packed", into: unpacked) }
                let bytes = try Data(contentsOf: URL(filePath: unpacked + "/ckpt/state"))
                #expect(bytes == Data(repeating: try #require(bytes.first), count: 4 << 20))
            case .nothing, .unchanged: Issue.record("the file is there, and was never kept")
            }
        }
        isOver.withLockedValue { $0 = true }
        for await _ in ended {}
    }
}
