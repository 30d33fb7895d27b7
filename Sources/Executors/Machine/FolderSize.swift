import PipelineModel
import Subprocess

/// How much of a disk folders take.
public enum FolderSize {
    /// Counts it with the machine's `du`, which copes with whatever a stranger has made there: blocks and not lengths, so
    /// that a file with holes counts for what it has; a file with two names once; other file systems not at all.
    /// - Returns: bytes; nil where nothing can be counted.
    public static func of(_ folders: [String]) async throws -> ByteCount? {
        let result = try await Subprocess.run(
            .name("du"), arguments: Arguments(["--summarize", "--one-file-system", "--block-size=1", "--"] + folders),
            output: .string(limit: 64 << 10), error: .discarded)
        // What vanishes meanwhile, or may not be read, makes it end with an error and is left out of the sum.
        let counted = result.standardOutput.split(separator: "\n").compactMap { line in
            line.split(separator: "\t").first.flatMap { Int64($0) }
        }
        return counted.isEmpty ? nil : ByteCount(bytes: counted.reduce(0, +))
    }
}
