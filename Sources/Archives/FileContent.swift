#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A regular file below a folder, opened without following a link on the way. It is read from its beginning, by one thread
/// at a time; a file that grows meanwhile is read on.
public final class FileContent {
    /// Its size when it was opened, in bytes.
    public let size: Int64
    private let descriptor: Int32
    private let path: String

    /// Opens a file.
    /// - Parameters:
    ///   - path: relative to the folder, as `FileSelection` gives it.
    ///   - root: the folder.
    /// - Throws: `ArchiveError` where it cannot be opened. Nil where it is no regular file.
    public init?(_ path: String, in root: String) throws {
        do {
            let folders = FolderChain(root: try FolderHandle(path: root))
            let (folder, name) = try folders.parent(of: path)
            // O_NONBLOCK, for a pipe would wait for a writer.
            descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            if descriptor < 0, errno == ELOOP { return nil }
            guard descriptor >= 0 else { throw FileFailure("open", path) }
        } catch let failure as FileFailure {
            throw failure.error(at: path)
        }
        self.path = path
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        size = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// The next bytes, at most so many; empty at the end.
    public func read(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var result: Int
            repeat { result = Self.read(descriptor, into: buffer) } while result < 0 && errno == EINTR
            guard result >= 0 else { throw FileFailure("read", path).error(at: path) }
            filled = result
        }
    }

    /// All of its bytes.
    /// - Throws: `ArchiveError.tooLarge` where there are more than `limit`.
    public func all(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let next = try read(min(64 << 10, limit + 1 - bytes.count))
            if next.isEmpty { return bytes }
            bytes += next
        }
        throw ArchiveError(.tooLarge, message: "\(path) is larger than \(limit) bytes.")
    }

    private static func read(_ descriptor: Int32, into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }
}
