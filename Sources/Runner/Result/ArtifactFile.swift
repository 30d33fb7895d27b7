import Archives
import Foundation
import Glibc
import PipelineModel
import Signing

/// Artifacts on their way between a workspace and the server, as files.
enum ArtifactFile {
    /// The time of all files that a job with declared inputs leaves, 1980-01-01: when they were made is no part of what
    /// such a job has made. Archives of an older kind cannot have an earlier one.
    private static let fixedTime = 315_532_800

    /// Packs what a job keeps into a file.
    /// - Parameter isTimeless: whether files have the same time whenever they were made.
    /// - Returns: what was packed; nil where no file matched.
    static func pack(
        _ artifacts: PlannedJob.Artifacts, of root: String, to file: String, limit: ByteCount,
        isTimeless: Bool = false
    ) throws -> ArtifactReference? {
        let selection = FileSelection(include: artifacts.paths, exclude: artifacts.exclude)
        let paths = try selection.paths(in: root)
        guard !paths.isEmpty else { return nil }
        return try pack(
            paths, of: root, to: file, limit: limit, time: isTimeless ? fixedTime : nil)
    }

    /// Packs files, links and empty folders into a file.
    static func pack(
        _ paths: [String], of root: String, to file: String, limit: ByteCount, time: Int? = nil
    ) throws -> ArtifactReference {
        let output = try OutputFile(file)
        let summary = try ArchivePacker(sizeLimit: limit.bytes, time: time).pack(paths, of: root) {
            try output.write($0)
        }
        return ArtifactReference(
            sha256: try output.finish(), size: ByteCount(bytes: summary.archiveSize), fileCount: summary.fileCount,
            paths: Array(paths.prefix(100)))
    }

    /// Writes an artifact that arrives to a file, and makes sure that it is what was asked for.
    static func receive(
        _ artifact: ArtifactReference, from content: AsyncThrowingStream<[UInt8], any Error>, to file: String
    ) async throws {
        let output = try OutputFile(file)
        var size: Int64 = 0
        for try await bytes in content {
            size += Int64(bytes.count)
            guard size <= artifact.size.bytes else { break }
            try bytes.withUnsafeBytes { try output.write($0) }
        }
        guard try output.finish() == artifact.sha256, size == artifact.size.bytes else {
            throw RunnerError(
                .artifact,
                message: "The artifact \(artifact.sha256.prefix(12)) did not arrive whole: \(size) bytes came.")
        }
    }

    /// A file's bytes, read as they are asked for.
    static func content(of file: String) throws -> AsyncThrowingStream<[UInt8], any Error> {
        let input = try FileHandle(forReadingFrom: URL(filePath: file))
        return AsyncThrowingStream { () async throws -> [UInt8]? in
            let piece = try input.read(upToCount: 256 << 10)
            return piece.flatMap { $0.isEmpty ? nil : Array($0) }
        }
    }
}

/// A file that is written and hashed at once. Used by one thread at a time.
private final class OutputFile {
    private let descriptor: Int32
    private let path: String
    private var digest: SHA256Digest?

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw PrivateFile.failure("write", path) }
        self.path = path
        digest = try SHA256Digest()
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try digest?.update(bytes.bindMemory(to: UInt8.self))
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw PrivateFile.failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// The hash of all that was written, as hexadecimal digits.
    func finish() throws -> String {
        guard let digest = digest.take() else { return "" }
        return Hex.encode(try digest.finish())
    }
}
