import NIOConcurrencyHelpers
import PipelineModel

/// Ends the job that fills the runner's disk: one that has written more than a job may, and, where a disk is nearly full,
/// the one that has written most to it.
///
/// No signal tells of a disk that fills, and not every file system has quotas. So while jobs run, their disks' free space
/// is looked at, which costs next to nothing; what a job has written is counted, which takes a walk over its files, only
/// when so much is gone that it could be the one.
final class DiskWatch: Sendable {
    /// A job that may write.
    struct Writer: Sendable {
        /// The attempt at it.
        var attempt: AttemptID
        /// Counts what it has written until now; nil where that cannot be told.
        var count: @Sendable () async -> Written?
        /// Ends it, for a reason in words.
        var end: @Sendable (_ reason: String) -> Void
    }

    /// How many bytes of disk a job has taken.
    struct Written: Sendable {
        /// In its workspace.
        var workspace: Int64
        /// In its container's own files.
        var container: Int64

        var total: Int64 { workspace + container }
    }

    /// What a job may write at most; nil for as much as there is.
    private let limit: ByteCount?
    /// Where a disk has less than this left, a job is ended that has written as much.
    private let floor: Int64
    private let workspaces: String
    private let state = NIOLockedValueBox(State())

    private struct State {
        var writers: [AttemptID: Writer] = [:]
        /// The one that was ended for want of disk. Until it is gone, no other is.
        var ended: AttemptID?
        var isCounting = false
        /// When all may be counted again: where that takes long, it is done seldom.
        var nextCount = ContinuousClock.now
    }

    /// What is known of a writer, and the free space of that moment.
    private struct Count {
        var written: Int64
        var free: Int64
        /// When it is counted again in any case.
        var next: ContinuousClock.Instant
    }

    /// How often free space is looked at; how often it is where little is left.
    private static let lookEvery = Duration.seconds(1)
    private static let lookOften = Duration.milliseconds(100)
    /// The least time between two counts of one job with a limit where no space seems gone: what others remove hides
    /// what it writes. Where counting takes long it is longer, so that it takes a tenth of the time at most.
    private static let countEvery = Duration.seconds(5)

    /// - Parameters:
    ///   - limit: what one job may write at most; nil for as much as there is.
    ///   - lowWater: below this much free disk nothing new is begun; at half of it a job is ended.
    ///   - workspaces: where workspaces are.
    init(limit: ByteCount?, lowWater: ByteCount, workspaces: String) {
        self.limit = limit
        floor = lowWater.bytes / 2
        self.workspaces = workspaces
    }

    /// Looks after one job until the task is cancelled.
    /// - Parameter storage: the folder in which the engine keeps what containers write; nil where it is elsewhere.
    func watch(_ writer: Writer, storage: String?) async {
        state.withLockedValue { $0.writers[writer.attempt] = writer }
        defer {
            state.withLockedValue { state in
                state.writers[writer.attempt] = nil
                if state.ended == writer.attempt { state.ended = nil }
            }
        }
        let clock = ContinuousClock()
        var known: Count?
        while !Task.isCancelled {
            let disks = self.disks(storage)
            if let limit, await exceeds(limit, writer, disks, &known) { return }
            if let low = disks.first(where: { $0.free < floor }) { await relieve(low, storage) }
            let isTight = disks.contains { $0.free < 4 * floor }
            guard (try? await clock.sleep(for: isTight ? Self.lookOften : Self.lookEvery)) != nil else { return }
        }
    }

    /// A disk on which jobs write and on which so little is left now that a job may have failed for want of it; nil where
    /// there is none.
    func fullDisk(storage: String?) -> DiskSpace? { disks(storage).first { $0.free < floor } }

    /// Whether somebody who has written so much can be why a disk is full.
    func isToBlame(_ written: Written) -> Bool { written.total >= floor }

    private func disks(_ storage: String?) -> [DiskSpace] {
        let found = ([workspaces] + [storage].compactMap { $0 }).compactMap { try? DiskSpace(of: $0) }
        return found.count == 2 && found[0].device == found[1].device ? [found[0]] : found
    }

    // MARK: One job's limit

    /// Ends a job that has written more than it may.
    /// - Returns: whether it was ended.
    private func exceeds(_ limit: ByteCount, _ writer: Writer, _ disks: [DiskSpace], _ known: inout Count?) async
        -> Bool
    {
        let free = disks.reduce(0) { $0 + $1.free }
        let now = ContinuousClock.now
        if let known, known.free - free <= limit.bytes - known.written, now < known.next {
            return false
        }
        guard let written = await writer.count()?.total else { return false }
        let took = ContinuousClock.now - now
        known = Count(written: written, free: free, next: now + max(Self.countEvery, took * 10))
        guard written > limit.bytes else { return false }
        writer.end(
            "it wrote \(ByteText.of(written)), and one job may write \(ByteText.of(limit.bytes)) (runner.job-disk)")
        return true
    }

    // MARK: A disk that is nearly full

    /// Ends the job that has written most to a disk, where ending it helps.
    private func relieve(_ disk: DiskSpace, _ storage: String?) async {
        let writers = state.withLockedValue { state -> [Writer] in
            guard !state.isCounting, state.ended == nil, state.nextCount <= .now else { return [] }
            state.isCounting = true
            return Array(state.writers.values)
        }
        guard !writers.isEmpty else { return }
        let begun = ContinuousClock.now
        defer {
            let end = ContinuousClock.now
            state.withLockedValue { state in
                state.isCounting = false
                state.nextCount = end + max(Self.lookEvery, (end - begun) * 10)
            }
        }
        var most: (writer: Writer, bytes: Int64)?
        for writer in writers {
            guard let written = await writer.count() else { continue }
            let bytes = bytes(of: written, on: disk, storage)
            if bytes > most?.bytes ?? 0 { most = (writer, bytes) }
        }
        // Who has written little is not to blame, and would leave little.
        guard let most, most.bytes >= floor else { return }
        state.withLockedValue { $0.ended = $0.writers[most.writer.attempt] == nil ? nil : most.writer.attempt }
        most.writer.end(
            "the runner's disk has \(ByteText.of(disk.free)) left, and of its jobs this one wrote most: "
                + ByteText.of(most.bytes))
    }

    private func bytes(of written: Written, on disk: DiskSpace, _ storage: String?) -> Int64 {
        func isThere(_ folder: String?) -> Bool {
            folder.flatMap { try? DiskSpace(of: $0) }?.device == disk.device
        }
        return (isThere(workspaces) ? written.workspace : 0) + (isThere(storage) ? written.container : 0)
    }
}
