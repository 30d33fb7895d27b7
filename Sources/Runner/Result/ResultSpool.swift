import FoundationEssentials
import Glibc
import Logging
import PipelineModel

/// Results on the runner's disk until the server has accepted them.
struct ResultSpool: Sendable {
    /// The folder, which has one file for each attempt.
    let folder: String

    /// How long a file may be: a result that the server takes, and whose it is.
    private static let sizeLimit = RunnerProtocol.resultLimit + (64 << 10)

    /// A result and whose it is.
    struct Entry: Codable, Equatable, Sendable {
        var key: LeaseKey
        var result: AttemptResult
    }

    private func file(of attempt: AttemptID) -> String { "\(folder)/\(attempt).json" }

    /// Writes a result to disk. It is there when this returns.
    func write(_ entry: Entry) throws {
        try PrivateFile.replace(file(of: entry.key.attempt), with: Array(try JSONEncoder().encode(entry)))
    }

    /// Removes a result that is accepted.
    func remove(_ attempt: AttemptID) throws {
        let file = file(of: attempt)
        guard unlink(file) == 0 || errno == ENOENT else { throw PrivateFile.failure("remove", file) }
    }

    /// What an earlier process left. A file that cannot be read is no whole result, and is passed over with a word.
    func entries(logger: Logger) throws -> [Entry] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
        return names.sorted().compactMap { name in
            do {
                let bytes = try PrivateFile.read("\(folder)/\(name)", limit: Self.sizeLimit)
                return try JSONDecoder().decode(Entry.self, from: Data(bytes))
            } catch {
                logger.error("a result cannot be read", metadata: ["file": "\(name)", "error": "\(error)"])
                return nil
            }
        }
    }
}
