import FoundationEssentials
import PipelineModel

/// GPUs that an administrator writes down where no `nvidia-smi` can be asked: accelerators of another kind, and tests.
///
/// The file is a JSON list, read anew at each look: `[{"uuid": "GPU-a", "model": "A100", "memory": "40GiB"}]`, with
/// `driver`, `watts` that it draws, and `foreign` or `failed` with words where the device is not to be used.
public struct DeclaredGPUs: Sendable {
    private struct Entry: Decodable {
        var uuid: String
        var model: String
        var memory: String
        var driver: String?
        var foreign: String?
        var failed: String?
        var watts: Double?
    }

    /// More than any machine has.
    private static let limit = 64

    /// Reads the devices of a file, in its order.
    /// - Throws: `ExecutorError` with code `refused`, which says what is wrong with it.
    public static func read(_ path: String) throws -> [GPU] {
        func wrong(_ what: String) -> ExecutorError {
            ExecutorError(.refused, message: "\(path) does not declare GPUs: \(what).")
        }
        let entries: [Entry]
        do {
            entries = try JSONDecoder().decode([Entry].self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw wrong("it must be a JSON list of objects with uuid, model and memory")
        }
        guard entries.count <= limit else { throw wrong("it has more than \(limit)") }
        guard Set(entries.map(\.uuid)).count == entries.count else { throw wrong("a uuid stands in it twice") }
        return try entries.enumerated().map { index, entry in
            guard !entry.uuid.isEmpty, entry.uuid.utf8.count <= 80, entry.uuid.allSatisfy(Self.isPlain) else {
                throw wrong("a uuid has up to 80 letters, digits and dashes")
            }
            guard let memory = ByteCount(parsing: entry.memory) else {
                throw wrong("memory \"\(entry.memory.prefix(40))\" is no size such as 40GiB")
            }
            let condition: GPU.Condition =
                if let failed = entry.failed { .failed(failed) } else if let foreign = entry.foreign {
                    .foreign(foreign)
                } else { .usable }
            return GPU(
                uuid: entry.uuid, index: index, model: String(entry.model.prefix(100)), memory: memory,
                driver: entry.driver ?? "declared", condition: condition)
        }
    }

    /// What the devices of a file draw, in watts, by their own names, where it says so.
    static func power(_ path: String) throws -> [String: Double] {
        let entries = try JSONDecoder().decode([Entry].self, from: Data(contentsOf: URL(filePath: path)))
        let drawn = entries.prefix(limit).compactMap { entry in entry.watts.map { (entry.uuid, $0) } }
        return Dictionary(drawn.filter { (0...10_000).contains($0.1) }, uniquingKeysWith: { first, _ in first })
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-")
    }
}
