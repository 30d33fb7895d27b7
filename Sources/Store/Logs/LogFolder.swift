import Glibc
import NIOConcurrencyHelpers
import PipelineModel

/// The logs of attempts as files: `<pipeline>/<attempt>.log`. A file's size is the only word on how much is stored.
///
/// Nothing waits for the disk: what a crash of the machine takes from the end of a file is asked of the runner again,
/// which sends from where the file ends.
final class LogFolder: Sendable {
    private let path: String
    private let disk = DiskQueue(label: "pawl.logs")
    private let signals = NIOLockedValueBox<[AttemptID: Follower]>([:])

    /// A signal for as long as somebody follows the log.
    private struct Follower: Sendable {
        weak var signal: Signal?
    }

    /// Opens or makes the folder.
    init(path: String) throws {
        self.path = path
        try makeFolder(path)
    }

    /// Adds bytes at an offset, leaving out those that are there; past a hole nothing is added.
    /// - Returns: how much is stored now.
    func append(_ bytes: [UInt8], at offset: Int64, attempt: AttemptID, of pipeline: PipelineID) async throws -> Int64 {
        let folder = "\(path)/\(pipeline)"
        let stored = try await disk.run { () -> (size: Int64, grew: Bool) in
            try makeFolder(folder)
            let file = try OpenFile("\(folder)/\(attempt).log", flags: O_RDWR | O_CREAT)
            let size = try file.size()
            let new = size - offset
            guard offset >= 0, new >= 0, new < Int64(bytes.count) else { return (size, false) }
            try file.write(bytes[Int(new)...], at: size)
            return (offset + Int64(bytes.count), true)
        }
        if stored.grew { tell(attempt, isOver: false) }
        return stored.size
    }

    /// A part of a log; empty where there is none.
    func read(from offset: Int64, limit: Int, attempt: AttemptID, of pipeline: PipelineID) async throws -> [UInt8] {
        let file = "\(path)/\(pipeline)/\(attempt).log"
        return try await disk.run {
            do {
                return try OpenFile(file, flags: O_RDONLY).read(from: max(offset, 0), limit: max(limit, 0))
            } catch let error as StoreError where error.code == .notFound {
                return []
            }
        }
    }

    /// How much of a log is stored, in bytes.
    func size(attempt: AttemptID, of pipeline: PipelineID) async throws -> Int64 {
        let file = "\(path)/\(pipeline)/\(attempt).log"
        return try await disk.run {
            do {
                return try OpenFile(file, flags: O_RDONLY).size()
            } catch let error as StoreError where error.code == .notFound {
                return 0
            }
        }
    }

    /// Removes a log. One that is not there is no error.
    func remove(attempt: AttemptID, of pipeline: PipelineID) async throws {
        let folder = "\(path)/\(pipeline)"
        try await disk.run {
            let file = "\(folder)/\(attempt).log"
            guard unlink(file) == 0 || errno == ENOENT else {
                throw StoreError(.unavailable, message: "Cannot remove \(file): \(errorText()).")
            }
            // Goes with its last log; while there are others the call fails, as it should.
            rmdir(folder)
        }
    }

    /// What tells that a log has grown or ended.
    func signal(of attempt: AttemptID) -> Signal {
        signals.withLockedValue { signals in
            if let known = signals[attempt]?.signal { return known }
            signals = signals.filter { $0.value.signal != nil }
            let signal = Signal()
            signals[attempt] = Follower(signal: signal)
            return signal
        }
    }

    /// Tells those who follow a log that there is more, or that it has ended.
    func tell(_ attempt: AttemptID, isOver: Bool = true) {
        let follower = signals.withLockedValue { isOver ? $0.removeValue(forKey: attempt) : $0[attempt] }
        follower?.signal?.give()
    }
}
