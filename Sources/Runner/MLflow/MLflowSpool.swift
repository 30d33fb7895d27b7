import Evaluation
import FoundationEssentials
import Glibc

/// What an attempt has logged, as a file of changes that grows: one line of JSON for each.
///
/// A change is in the file before it is answered, so that the next process of the runner knows of it; the machine's own
/// end is the attempt's as well, so nobody waits for the disk. A line that was cut is of a change that nobody was told
/// of, and is left out. Used by one thread at a time.
// Whoever has one keeps it under a lock, as `MLflowBook` does.
final class MLflowSpool: @unchecked Sendable {
    private let path: String
    private let descriptor: Int32
    private var size: Int64
    /// From which size on the file is written anew with what still counts.
    private var compactionSize: Int64

    /// The least size at which the file is written anew.
    private static let leastCompaction: Int64 = 16 << 20
    /// What is read of a file.
    private static let sizeLimit = 1 << 30

    /// Reads the changes of a file, those of a line that was cut left out.
    /// - Returns: the changes, and how many bytes they take.
    /// - Throws: `RunnerError.folder` where the file cannot be read.
    static func read(_ path: String) throws -> (changes: [MLflowRecord.Change], size: Int64) {
        guard access(path, F_OK) == 0 else { return ([], 0) }
        let bytes = try PrivateFile.read(path, limit: sizeLimit)
        let decoder = JSONDecoder()
        var changes: [MLflowRecord.Change] = []
        var begin = bytes.startIndex
        while let end = bytes[begin...].firstIndex(of: UInt8(ascii: "\n")),
            let change = try? decoder.decode(MLflowRecord.Change.self, from: Data(bytes[begin..<end]))
        {
            changes.append(change)
            begin = end + 1
        }
        return (changes, Int64(begin))
    }

    /// Opens a file that has so many bytes of changes; what is behind them is cut off.
    init(_ path: String, size: Int64) throws {
        self.path = path
        self.size = size
        compactionSize = max(Self.leastCompaction, 2 * size)
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PrivateFile.failure("write", path) }
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            defer { close(descriptor) }
            throw PrivateFile.failure("write", path)
        }
    }

    deinit { close(descriptor) }

    /// Adds a change. It is in the file when this returns, or not at all.
    func append(_ change: MLflowRecord.Change) throws {
        try append(Self.line(change))
    }

    /// Whether so much has been added that the file should be replaced.
    var isLong: Bool { size > compactionSize }

    /// Puts a file with these changes in the place of this one, and gives that.
    func replaced(with changes: [MLflowRecord.Change]) throws -> MLflowSpool {
        let new = path + PrivateFile.unfinished
        unlink(new)
        let spool = try MLflowSpool(new, size: 0)
        for change in changes { try spool.append(change) }
        guard rename(new, path) == 0 else { throw PrivateFile.failure("put in place", path) }
        return try MLflowSpool(path, size: spool.size)
    }

    private static func line(_ change: MLflowRecord.Change) throws -> [UInt8] {
        Array(try JSONEncoder().encode(change)) + [UInt8(ascii: "\n")]
    }

    private func append(_ line: [UInt8]) throws {
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                let failure = PrivateFile.failure("write", path)
                // Half a line would make void what comes after it.
                ftruncate(descriptor, off_t(size))
                throw failure
            }
            written += count
        }
        size += Int64(line.count)
    }
}
