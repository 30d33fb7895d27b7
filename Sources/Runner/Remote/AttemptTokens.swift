import Foundation
import Glibc
import NIOConcurrencyHelpers
import PipelineModel

/// The tokens of the attempts that a runner has in hand, in memory and in files: the result of one may be told after a
/// restart only.
final class AttemptTokens: Sendable {
    /// Longer than this no server waits for a result.
    private static let longest = Duration.days(30)

    private let folder: String
    private let tokens: NIOLockedValueBox<[String: Redacted]>
    private let ended = NIOLockedValueBox<[String]>([])

    /// Reads what an earlier process left, and forgets what is too old to be of use.
    /// - Throws: `RunnerError.folder` where the folder cannot be made or read.
    init(folder: String, now: Timestamp) throws {
        self.folder = folder
        try PrivateFile.makeFolder(folder)
        var found: [String: Redacted] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let path = "\(folder)/\(name)"
            var status = stat()
            let writtenAt =
                lstat(path, &status) == 0
                ? Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1_000) : Timestamp(milliseconds: 0)
            guard now - writtenAt < Self.longest, !name.hasSuffix(PrivateFile.unfinished) else {
                unlink(path)
                continue
            }
            guard let bytes = try? PrivateFile.read(path, limit: 1 << 10) else { continue }
            found[name] = Redacted(String(decoding: bytes, as: UTF8.self))
        }
        tokens = NIOLockedValueBox(found)
    }

    /// The token of an attempt; nil where this runner never had it, or it has ended.
    subscript(key: LeaseKey) -> Redacted? { tokens.withLockedValue { $0[Self.name(key)] } }

    /// Keeps a token until the attempt has ended.
    /// - Throws: `RunnerError.folder` where it cannot be written.
    func keep(_ token: Redacted, for key: LeaseKey) throws {
        try PrivateFile.replace("\(folder)/\(Self.name(key))", with: Array(token.revealed.utf8))
        tokens.withLockedValue { $0[Self.name(key)] = token }
    }

    /// Takes the token of an attempt off the disk that has ended. A few are kept in memory, in case its end is told again.
    func retire(_ key: LeaseKey) {
        let name = Self.name(key)
        unlink("\(folder)/\(name)")
        let oldest = ended.withLockedValue { ended -> String? in
            ended.append(name)
            return ended.count > 64 ? ended.removeFirst() : nil
        }
        if let oldest { tokens.withLockedValue { $0[oldest] = nil } }
    }

    /// Forgets the token of an attempt of which there is nothing more to say.
    func forget(_ key: LeaseKey) {
        guard tokens.withLockedValue({ $0.removeValue(forKey: Self.name(key)) }) != nil else { return }
        unlink("\(folder)/\(Self.name(key))")
    }

    /// Forgets the tokens of all attempts but these.
    func forgetAll(but keys: Set<LeaseKey>) {
        let kept = Set(keys.map(Self.name))
        let gone = tokens.withLockedValue { tokens in
            defer { tokens = tokens.filter { kept.contains($0.key) } }
            return tokens.keys.filter { !kept.contains($0) }
        }
        for name in gone { unlink("\(folder)/\(name)") }
    }

    /// The attempts that there are tokens of.
    var keys: Set<LeaseKey> { Set(tokens.withLockedValue { Array($0.keys) }.compactMap(Self.key)) }

    private static func key(_ name: String) -> LeaseKey? {
        let numbers = name.split(separator: "-").compactMap { Int64($0) }
        guard numbers.count == 3 else { return nil }
        let (job, attempt) = (JobID(rawValue: numbers[0]), AttemptID(rawValue: numbers[1]))
        return LeaseKey(job: job, attempt: attempt, epoch: numbers[2])
    }

    private static func name(_ key: LeaseKey) -> String { "\(key.job)-\(key.attempt)-\(key.epoch)" }
}
