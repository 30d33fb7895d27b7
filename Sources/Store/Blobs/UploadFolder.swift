import Glibc
import NIOConcurrencyHelpers
import PipelineModel

/// Artifacts on their way from runners, in pieces: `<attempt>/<sha256>`. How large a file is says how much is there.
///
/// Nothing here is trusted: whether the bytes are those of the name is found out when all are there. A runner that was
/// cut off goes on where the file ends, also after a restart of the server.
final class UploadFolder: Sendable {
    /// More artifacts at once than this an attempt has no need to send.
    private static let fileLimit = 8

    private struct Writer: Sendable {
        weak var upload: ArtifactUpload?
    }

    private let path: String
    private let disk = DiskQueue(label: "pawl.uploads")
    /// Who may write to a file. Files are opened and moved away under this lock, so that nobody can hold one open that
    /// is somewhere else.
    private let writers = NIOLockedValueBox<[String: Writer]>([:])

    /// Opens or makes the folder.
    init(path: String) throws {
        self.path = path
        try makeFolder(path)
    }

    /// How much of an artifact is there, in bytes.
    func size(of sha256: String, attempt: AttemptID) async throws -> Int64 {
        let file = try file(of: sha256, attempt: attempt)
        return try await disk.run { try Self.size(of: file) }
    }

    /// Begins to add to an artifact. Whoever did so before writes no more: its connection may be half dead.
    /// - Parameter room: how many bytes the attempt may have here altogether.
    /// - Throws: `StoreError.refused` where it would be more, or are too many files.
    func open(_ sha256: String, attempt: AttemptID, size: Int64, room: Int64) async throws -> ArtifactUpload {
        let path = try file(of: sha256, attempt: attempt)
        let folder = "\(self.path)/\(attempt)"
        return try await disk.run { [writers] in
            try makeFolder(folder)
            let others = try BlobFolder.names(in: folder).filter { $0 != sha256 }
            let taken = try others.reduce(Int64(0)) { try $0 + Self.size(of: "\(folder)/\($1)") }
            guard others.count < Self.fileLimit, size <= room - taken else {
                throw StoreError(
                    .refused,
                    message:
                        "The artifacts of one attempt may have \(ByteCount(bytes: max(room - taken, 0)).memoryText) "
                        + "more together, and this one has \(ByteCount(bytes: size).memoryText).")
            }
            return try writers.withLockedValue { writers in
                writers[path]?.upload?.revoke()
                let upload = try ArtifactUpload(
                    file: OpenFile(path, flags: O_RDWR | O_CREAT), size: size, on: self.disk)
                writers = writers.filter { $0.value.upload != nil }
                writers[path] = Writer(upload: upload)
                return upload
            }
        }
    }

    /// Moves an artifact elsewhere on the same disk. Nobody has it open for writing afterwards.
    /// - Throws: `StoreError.notFound` where nothing of it is there.
    func move(_ sha256: String, attempt: AttemptID, to target: String) async throws {
        let path = try file(of: sha256, attempt: attempt)
        try await disk.run { [writers] in
            try writers.withLockedValue { writers in
                writers.removeValue(forKey: path)?.upload?.revoke()
                guard rename(path, target) == 0 else {
                    throw StoreError(
                        errno == ENOENT ? .notFound : .unavailable, message: "Cannot move \(path): \(errorText()).")
                }
            }
        }
    }

    /// Removes what an attempt has sent and that was not kept. Nothing there is no error.
    func remove(_ attempt: AttemptID) async {
        let folder = "\(path)/\(attempt)"
        try? await disk.run { [writers] in
            for name in (try? BlobFolder.names(in: folder)) ?? [] {
                writers.withLockedValue { $0.removeValue(forKey: "\(folder)/\(name)")?.upload?.revoke() }
                unlink("\(folder)/\(name)")
            }
            rmdir(folder)
        }
    }

    /// Attempts that have something here.
    func attempts() async throws -> [AttemptID] {
        try await disk.run { [path] in
            try BlobFolder.names(in: path).compactMap { Int64($0).map(AttemptID.init(rawValue:)) }
        }
    }

    /// The path of an artifact. The hash is checked, for it comes from a runner.
    private func file(of sha256: String, attempt: AttemptID) throws -> String {
        guard BlobFolder.isHash(sha256) else {
            throw StoreError(.invalid, message: "“\(sha256.cut(to: 80))” is not a SHA-256 in lower-case hexadecimal.")
        }
        return "\(path)/\(attempt)/\(sha256)"
    }

    private static func size(of file: String) throws -> Int64 {
        do {
            return try OpenFile(file, flags: O_RDONLY).size()
        } catch let error as StoreError where error.code == .notFound {
            return 0
        }
    }
}

/// An artifact that is being received, by one task.
public final class ArtifactUpload: Sendable {
    /// Where the next bytes go; nil once somebody else receives it.
    private let place: NIOLockedValueBox<Int64?>
    private let start: Int64
    private let file: OpenFile
    private let size: Int64
    private let disk: DiskQueue

    /// Goes on where a file ends.
    init(file: OpenFile, size: Int64, on disk: DiskQueue) throws {
        self.file = file
        self.size = size
        self.disk = disk
        start = try file.size()
        place = NIOLockedValueBox(start)
    }

    /// How much of the artifact is there, in bytes.
    public var stored: Int64 { place.withLockedValue { $0 } ?? start }

    /// Adds bytes at the end.
    /// - Throws: `StoreError.refused` where there are more than the artifact has; `unavailable` where it is being sent on
    ///   another connection, or the disk does not take it.
    public func write(_ bytes: [UInt8]) async throws {
        try await disk.run { [place, file, size] in
            // Under the lock, so that nothing is written after `revoke`.
            try place.withLockedValue { place in
                guard let start = place else {
                    throw StoreError(.unavailable, message: "This artifact is being sent on another connection.")
                }
                guard start + Int64(bytes.count) <= size else {
                    throw StoreError(.refused, message: "More came than the \(size) bytes that were announced.")
                }
                try file.write(bytes[...], at: start)
                place = start + Int64(bytes.count)
            }
        }
    }

    /// Lets nothing more be written through this.
    func revoke() { place.withLockedValue { $0 = nil } }
}
