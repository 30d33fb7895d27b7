import CLibarchive

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Packs files of a folder into a tar archive compressed with zstd, in constant memory.
///
/// The work blocks its thread. The same files with the same times give the same bytes.
public struct ArchivePacker {
    /// What was packed.
    public struct Summary: Hashable, Sendable {
        /// How many files and links are in the archive; folders are not counted.
        public var fileCount: Int
        /// Their bytes before compression.
        public var contentSize: Int64
        /// The archive's bytes.
        public var archiveSize: Int64
    }

    /// How many bytes the files may have together, before compression.
    public var sizeLimit: Int64

    /// When every file is said to have changed, in seconds since 1970; nil for when it did. With it the same files give the
    /// same bytes whenever they were made.
    public var time: Int?

    /// Packs up to a limit.
    public init(sizeLimit: Int64 = .max, time: Int? = nil) {
        self.sizeLimit = sizeLimit
        self.time = time
    }

    /// Packs paths of a folder, as `FileSelection` gives them, and hands the archive over piece by piece.
    ///
    /// A file that cannot be read, or that gets shorter meanwhile, is an error.
    /// - Parameters:
    ///   - paths: relative paths; none of their components is followed as a link.
    ///   - root: the folder.
    ///   - write: takes the next bytes of the archive, valid only within the call.
    public func pack(
        _ paths: [String], of root: String, write: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Summary {
        let archive = try ArchiveWriter(write: write)
        archive.time = time
        let folders = FolderChain(root: try opened(root))
        var summary = Summary(fileCount: 0, contentSize: 0, archiveSize: 0)
        for path in paths {
            try Task.checkCancellation()
            do {
                let (folder, name) = try folders.parent(of: path)
                try add(path, name, in: folder, to: archive, &summary)
            } catch let failure as FileFailure {
                throw failure.error(at: path)
            }
        }
        try archive.close()
        summary.archiveSize = archive.size
        return summary
    }

    private func opened(_ root: String) throws -> FolderHandle {
        do {
            return try FolderHandle(path: root)
        } catch let failure as FileFailure {
            throw failure.error(at: root)
        }
    }

    private func add(
        _ path: String, _ name: String, in folder: FolderHandle, to archive: ArchiveWriter, _ summary: inout Summary
    ) throws {
        var status = try folder.status(name)
        switch status.st_mode & S_IFMT {
        case S_IFDIR: try archive.begin(path, type: S_IFDIR, status: status, size: 0)
        case S_IFLNK:
            guard let target = try folder.linkTarget(name), LinkRule.allows(target, at: path) else { return }
            try archive.begin(path, type: S_IFLNK, status: status, size: 0, linkTarget: target)
            summary.fileCount += 1
        case S_IFREG:
            // O_NONBLOCK, for a pipe put in the file's place since would wait for a writer.
            let file = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { throw FileFailure("open", path) }
            defer { close(file) }
            guard fstat(file, &status) == 0 else { throw FileFailure("read", path) }
            guard status.st_mode & S_IFMT == S_IFREG else { return }
            let size = Int64(status.st_size)
            guard size <= sizeLimit - summary.contentSize else {
                throw ArchiveError(
                    .tooLarge,
                    message: "The files are larger than the \(sizeLimit) bytes that are kept. Keep fewer, or raise "
                        + "the limit.")
            }
            try archive.begin(path, type: S_IFREG, status: status, size: size)
            try archive.copy(file, count: size, path: path)
            summary.fileCount += 1
            summary.contentSize += size
        default: return
        }
    }
}

/// Finds the folders of paths below a root, and keeps those of the last path open: paths come in order.
final class FolderChain {
    private let root: FolderHandle
    private var open: [(name: Substring, folder: FolderHandle)] = []

    init(root: FolderHandle) { self.root = root }

    /// The folder that a path's last component lies in, and that component.
    /// - Parameter isMade: whether missing folders are made.
    func parent(of path: String, isMade: Bool = false) throws -> (FolderHandle, String) {
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        guard components.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), let name = components.last else {
            throw ArchiveError(.unsafe, message: "\"\(path.prefix(200))\" is not a path below the folder.")
        }
        let folders = components.dropLast()
        var common = 0
        while common < open.count, common < folders.count, open[common].name == folders[common] { common += 1 }
        open.removeSubrange(common...)
        for folder in folders.dropFirst(common) {
            let parent = open.last?.folder ?? root
            let next = isMade ? try parent.folderMakingIt(String(folder)) : try parent.folder(String(folder))
            open.append((folder, next))
        }
        return (open.last?.folder ?? root, String(name))
    }
}
