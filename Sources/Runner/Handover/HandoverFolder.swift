import FoundationEssentials
import Glibc
import Logging
import PipelineModel

/// What is handed over from one process of a runner to the next, in memory: a folder for each attempt whose container
/// was started, with what the attempt is about, until when its lease holds, and where in its output an unfinished line
/// was shown.
struct HandoverFolder: Sendable {
    /// The runner's folder in memory.
    let folder: String

    private func folder(of attempt: AttemptID) -> String { "\(folder)/\(attempt).handover" }

    /// Writes down an attempt whose container is about to start.
    func begin(_ handover: Handover, leaseEnd: Duration) throws {
        let place = folder(of: handover.claim.key.attempt)
        try PrivateFile.makeFolder(place)
        try noteLease(of: handover.claim.key.attempt, end: leaseEnd)
        let bytes = Array(try JSONEncoder().encode(handover))
        try PrivateFile.write(bytes, to: place + "/attempt.new", mode: 0o600, isDurable: false)
        try move(place + "/attempt.new", to: place + "/attempt")
    }

    /// Notes until when an attempt's lease holds, by the machine's monotonic clock. Does nothing before `begin`.
    func noteLease(of attempt: AttemptID, end: Duration) throws {
        let place = folder(of: attempt)
        guard access(place, F_OK) == 0 else { return }
        let text = String(end.wholeMilliseconds)
        try PrivateFile.write(Array(text.utf8), to: place + "/lease.new", mode: 0o600, isDurable: false)
        try move(place + "/lease.new", to: place + "/lease")
    }

    /// Notes that an unfinished line was shown when so many bytes of output had come.
    func noteFlush(of attempt: AttemptID, at taken: Int64) throws {
        let file = open(folder(of: attempt) + "/flushes", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw PrivateFile.failure("write", folder(of: attempt)) }
        defer { close(file) }
        let line = Array("\(taken)\n".utf8)
        guard write(file, line, line.count) == line.count else {
            throw PrivateFile.failure("write", folder(of: attempt))
        }
    }

    /// What earlier processes left. What cannot be read is passed over with a word: its container is removed then.
    func entries(logger: Logger) -> [Handover] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".handover") }.sorted().compactMap { name in
            do {
                let bytes = try PrivateFile.read("\(folder)/\(name)/attempt", limit: 16 << 20)
                return try JSONDecoder().decode(Handover.self, from: Data(bytes))
            } catch {
                logger.warning("an attempt cannot be taken over", metadata: ["folder": "\(name)", "error": "\(error)"])
                return nil
            }
        }
    }

    /// Until when an attempt's lease held when it was last renewed; nil where that is not known.
    func leaseEnd(of attempt: AttemptID) -> Duration? {
        guard let bytes = try? PrivateFile.read(folder(of: attempt) + "/lease", limit: 64),
            let milliseconds = Int64(String(decoding: bytes, as: UTF8.self))
        else { return nil }
        return .milliseconds(milliseconds)
    }

    /// After how many bytes of output an unfinished line was shown, each time.
    func flushes(of attempt: AttemptID) -> [Int64] {
        guard let bytes = try? PrivateFile.read(folder(of: attempt) + "/flushes", limit: 64 << 20) else { return [] }
        return bytes.split(separator: 0x0A).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }

    /// Forgets an attempt.
    func end(_ attempt: AttemptID) throws { try FolderRemoval.remove(folder(of: attempt)) }

    private func move(_ path: String, to target: String) throws {
        guard rename(path, target) == 0 else { throw PrivateFile.failure("put in place", target) }
    }
}
