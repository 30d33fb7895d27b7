#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How files of a folder are at a moment, as far as the file system tells without their being read. Two that are equal
/// mean that nothing was written, put in place or taken away between them, but for a file that is written through memory.
public struct FileStamps: Hashable, Sendable {
    /// One file, link or empty folder.
    private struct Stamp: Hashable, Sendable {
        var path: String
        var inode: UInt64
        var mode: UInt32
        var size: Int64
        /// Nanoseconds since 1970: of the content, and of anything about it, which no program can set.
        var modified: Int64
        var changed: Int64
    }

    private let stamps: [Stamp]

    /// Looks at the files of a selection. One that goes away meanwhile is left out.
    /// - Throws: `ArchiveError` where the folder cannot be read, or has too many files.
    public init(of selection: FileSelection, in root: String) throws {
        let paths = try selection.paths(in: root)
        do {
            let folders = FolderChain(root: try FolderHandle(path: root))
            stamps = try paths.compactMap { path in
                try Task.checkCancellation()
                guard let (folder, name) = try? folders.parent(of: path), let status = try? folder.status(name) else {
                    return nil
                }
                return Stamp(
                    path: path, inode: UInt64(status.st_ino), mode: UInt32(status.st_mode),
                    size: Int64(status.st_size), modified: Self.nanoseconds(status.st_mtim),
                    changed: Self.nanoseconds(status.st_ctim))
            }
        } catch let failure as FileFailure {
            throw failure.error(at: root)
        }
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// The paths, relative to the folder and in order.
    public var paths: [String] { stamps.map(\.path) }

    /// Whether there is no file at all; an empty folder is none.
    public var isEmpty: Bool { !stamps.contains { $0.mode & UInt32(S_IFMT) != UInt32(S_IFDIR) } }

    /// Whether anything was changed within that time before now. The file system's clock ticks every few milliseconds,
    /// and what is changed twice within a tick looks the same.
    public func wasChanged(within duration: Duration) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let limit =
            Self.nanoseconds(now) - duration.components.seconds * 1_000_000_000 - duration.components.attoseconds
            / 1_000_000_000
        return stamps.contains { $0.changed > limit }
    }
}
