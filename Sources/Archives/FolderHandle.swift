#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open folder below which files are opened without ever following a link.
///
/// Every component of a path is opened by itself, relative to the one before and with `O_NOFOLLOW`. Whatever a job left
/// in the folder, or an archive puts there first, a path cannot lead out of it.
final class FolderHandle {
    let descriptor: Int32

    /// How many bytes the names in one folder may have together.
    private static let namesLimit = 64 << 20

    /// Opens a folder by a path of ours, which may lead through links.
    init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure("open", path) }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Opens a folder right in this one.
    func folder(_ name: String) throws -> FolderHandle {
        let opened = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { throw FileFailure("open", name) }
        return FolderHandle(descriptor: opened)
    }

    /// Opens a folder right in this one, and makes it where it is missing.
    func folderMakingIt(_ name: String) throws -> FolderHandle {
        if mkdirat(descriptor, name, 0o755) != 0 && errno != EEXIST { throw FileFailure("make", name) }
        return try folder(name)
    }

    /// What is there under a name, a link itself and not what it leads to.
    func status(_ name: String) throws -> stat {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw FileFailure("read", name) }
        return status
    }

    /// The names in the folder, but for `.` and `..`, in the order of their bytes; names that are not UTF-8 are left
    /// out.
    /// - Throws: `ArchiveError.tooLarge` where there are more of them than are held in memory.
    func names(limit: Int = namesLimit) throws -> [String] {
        // A descriptor of its own, for reading moves its position and closing the stream closes it.
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else {
            if copy >= 0 { close(copy) }
            throw FileFailure("list", ".")
        }
        defer { closedir(stream) }
        var names: [String] = []
        var size = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(validating: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let name, name != ".", name != ".." else { continue }
            size += name.utf8.count
            guard size <= limit else {
                throw ArchiveError(
                    .tooLarge, message: "A folder has so many files that they are not listed. Spread them over folders."
                )
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Where a link leads, as written; nil where that is not UTF-8.
    func linkTarget(_ name: String) throws -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(descriptor, name, &buffer, buffer.count)
        guard count >= 0 else { throw FileFailure("read the link", name) }
        return String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What the file system refused, with its own word for why.
struct FileFailure: Error, CustomStringConvertible {
    let what: String
    let path: String
    let number: Int32

    init(_ what: String, _ path: String) {
        number = errno
        self.what = what
        self.path = path
    }

    var description: String { "could not \(what) \(path): \(String(cString: strerror(number)))" }

    /// The error for callers, with the whole path.
    func error(at path: String) -> ArchiveError {
        ArchiveError(.failed, message: "Could not \(what) \(path): \(String(cString: strerror(number))).")
    }
}
