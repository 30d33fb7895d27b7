import Executors
import Foundation
import NIOConcurrencyHelpers
import PipelineModel
import TestSupport
import Testing

@testable import Runner

@Suite("jobs that fill the disk", .timeLimit(.minutes(2)))
struct DiskTests {
    /// A job that has written some files, without the job.
    private final class Writer: Sendable {
        let folder: String
        /// Given when it is counted.
        let counted = ExecutorSignal()
        /// Given when it is ended.
        let ended = ExecutorSignal()
        let reason = NIOLockedValueBox<String?>(nil)
        private let attempt: AttemptID

        init(_ attempt: AttemptID, in disk: String) throws {
            self.attempt = attempt
            folder = "\(disk)/\(attempt)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        func write(megabytes: Int) throws {
            let file = folder + "/\(UUID())"
            try Data(repeating: 0x2e, count: megabytes << 20).write(to: URL(filePath: file))
        }

        /// What the watch sees of it.
        var seen: DiskWatch.Writer {
            let (folder, counted, ended, reason) = (folder, counted, ended, reason)
            return DiskWatch.Writer(attempt: attempt) {
                counted.give()
                let size = try? await FolderSize.of([folder])
                return DiskWatch.Written(workspace: size?.bytes ?? 0, container: 0)
            } end: { why in
                reason.withLockedValue { $0 = why }
                ended.give()
            }
        }
    }

    private func lendDisk(megabytes: Int, to body: (String) async throws -> Void) async throws {
        let disk = NSTemporaryDirectory() + "pawl-disk-\(UUID().uuidString)"
        try SmallDisk.mount(at: disk, megabytes: megabytes)
        defer {
            SmallDisk.unmount(disk)
            try? FileManager.default.removeItem(atPath: disk)
        }
        try await body(disk)
    }

    @Test("the job that has written most is ended, alone, and no other while that one goes", .needsRoot)
    func floor() async throws {
        try await lendDisk(megabytes: 128) { disk in
            let watch = DiskWatch(limit: .gibibytes(1), lowWater: .mebibytes(64), workspaces: disk)
            let writers = try (1...3).map { try Writer(AttemptID(rawValue: $0), in: disk) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for writer in writers { tasks.addTask { await watch.watch(writer.seen, storage: nil) } }
                // Each is counted once at first, and known from then on.
                for writer in writers { try await writer.counted.wait() }
                try writers[0].write(megabytes: 40)
                try writers[1].write(megabytes: 50)
                try writers[2].write(megabytes: 10)
                try await writers[1].ended.wait()
                #expect(writers[1].reason.withLockedValue { $0 }?.contains("of its jobs this one wrote most") == true)
                // Long enough for others to be looked at.
                try await Task.sleep(for: .milliseconds(500))
                tasks.cancelAll()
            }
            for other in [writers[0], writers[2]] { #expect(!other.ended.isGiven) }
        }
    }

    @Test("a script that fails on a disk that others have filled has not failed by itself", .needsRoot)
    func innocent() async throws {
        try await lendDisk(megabytes: 32) { disk in
            let fixture = try await RunnerFixture(executor: ProcessExecutor()) {
                $0.stateFolder = disk + "/state"
                $0.lowWater = .mebibytes(8)
            }
            let script = ["head -c 100000000 /dev/zero > \(disk)/filler || true", "echo 1 > result", "exit 3"]
            let result = try await fixture.carryOut(fixture.assignment(script: script))
            #expect(result?.failure?.class == .system)
            #expect(
                result?.failure?.message.contains("the runner's disk had ") == true, "\(String(describing: result))")
        }
    }

    @Test("jobs that have written little are not ended for what others put on the disk", .needsRoot)
    func others() async throws {
        try await lendDisk(megabytes: 96) { disk in
            let watch = DiskWatch(limit: nil, lowWater: .mebibytes(64), workspaces: disk)
            let writer = try Writer(1, in: disk)
            try writer.write(megabytes: 10)
            try SmallDisk.fill(with: disk + "/filler")
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await watch.watch(writer.seen, storage: nil) }
                try await Task.sleep(for: .milliseconds(500))
                tasks.cancelAll()
            }
            #expect(!writer.ended.isGiven)
        }
    }

    @Test(
        "a job that writes more than one job may is ended at once, wherever it writes; the next one runs",
        .needsDocker,
        arguments: ["/made", "made"])
    func limit(file: String) async throws {
        let fixture = try await RunnerFixture(executor: Engine.executor()) {
            $0.defaultImage = "pawl-test:tiny"
            $0.memoryFolder = "/dev/shm"
            $0.jobDisk = .mebibytes(64)
        }
        let script = "trap '' TERM; dd if=/dev/zero of=\(file) bs=1M count=100 && sleep 60"
        let result = try #require(try await fixture.carryOut(fixture.assignment(script: [script])))
        #expect(result.failure?.class == .outOfDisk)
        #expect(result.failure?.message.contains("one job may write 67.1 MB (runner.job-disk)") == true)
        #expect(fixture.coordinator.log(of: 1).contains("Job failed: it wrote"))
        // A file with holes takes no room.
        let next = fixture.assignment(2, script: ["truncate -s 1G \(file)", "sleep 2"])
        #expect(try #require(try await fixture.carryOut(next)).failure == nil)
        #expect(try await fixture.leftovers() == [])
    }
}
