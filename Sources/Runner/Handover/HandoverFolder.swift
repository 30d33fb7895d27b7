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

    /// Notes the lease of an attempt before it has a container: whoever finds that has to know until when it may be.
    func open(_ attempt: AttemptID, under term: LeaseTerm) throws {
        try PrivateFile.makeFolder(folder(of: attempt))
        try noteLease(of: attempt, term)
    }

    /// Writes down an attempt whose container is about to start.
    func begin(_ handover: Handover, under term: LeaseTerm) throws {
        let place = folder(of: handover.claim.key.attempt)
        try open(handover.claim.key.attempt, under: term)
        let bytes = Array(try JSONEncoder().encode(handover))
        try PrivateFile.write(bytes, to: place + "/attempt.new", mode: 0o600, isDurable: false)
        try move(place + "/attempt.new", to: place + "/attempt")
    }

    /// Whether an attempt's container may have been started.
    func hasBegun(_ attempt: AttemptID) -> Bool { access(folder(of: attempt) + "/attempt", F_OK) == 0 }

    /// Notes until when an attempt's lease holds. Does nothing before `open`.
    func noteLease(of attempt: AttemptID, _ term: LeaseTerm) throws {
        let place = folder(of: attempt)
        guard access(place, F_OK) == 0 else { return }
        let text = "\(term.end.wholeMilliseconds) \(term.length.wholeMilliseconds)"
        try PrivateFile.write(Array(text.utf8), to: place + "/lease.new", mode: 0o600, isDurable: false)
        try move(place + "/lease.new", to: place + "/lease")
    }

    /// Notes that an unfinished line was shown when so many bytes of output had come.
    func noteFlush(of attempt: AttemptID, at taken: Int64) throws {
        let file = Glibc.open(folder(of: attempt) + "/flushes", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
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
            // Its container had not come to its start.
            guard access("\(folder)/\(name)/attempt", F_OK) == 0 else { return nil }
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
    func lease(of attempt: AttemptID) -> LeaseTerm? { lease(in: folder(of: attempt)) }

    /// The leases of all attempts.
    var leases: [LeaseTerm] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".handover") }.compactMap { lease(in: "\(folder)/\($0)") }
    }

    private func lease(in place: String) -> LeaseTerm? {
        guard let bytes = try? PrivateFile.read(place + "/lease", limit: 64) else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int64($0) }
        guard let end = numbers.first else { return nil }
        // A runner of before this version has noted the end alone, of a lease of a minute.
        let length = numbers.count > 1 ? numbers[1] : 60_000
        return LeaseTerm(length: .milliseconds(length), end: .milliseconds(end))
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
