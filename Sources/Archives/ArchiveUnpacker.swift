import CLibarchive

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Unpacks archives that strangers' jobs made into a folder, and nothing outside it, in constant memory.
///
/// Only tar compressed with zstd is read, and of it only files, folders and links that cannot lead out of the folder.
/// Anything else is refused with the whole archive: absolute paths, `..`, other links, hard links, devices. Files are
/// made anew through folders that are opened without following links, so neither the archive's own links nor those
/// that lie in the folder already are written through. Modes lose their set-user and set-group bits. The work blocks
/// its thread; what was unpacked before a refusal stays.
public struct ArchiveUnpacker {
    /// What an archive may ask for.
    public struct Limits: Hashable, Sendable {
        /// How many entries it may have.
        public var entries: Int
        /// How many bytes its files may have together.
        public var size: Int64
        /// How many times larger than the archive its files may be, counted from 64 MiB on.
        public var ratio: Int64

        /// A million entries, 16 GiB, a thousand to one.
        public init(entries: Int = 1_000_000, size: Int64 = 16 << 30, ratio: Int64 = 1_000) {
            self.entries = entries
            self.size = size
            self.ratio = ratio
        }
    }

    /// What was unpacked.
    public struct Summary: Hashable, Sendable {
        /// How many files and links were made.
        public var fileCount: Int
        /// The files' bytes.
        public var contentSize: Int64
    }

    /// What an archive may ask for.
    public var limits: Limits

    /// Unpacks within limits.
    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Unpacks an archive file into a folder that exists. Files that are there already are replaced.
    /// - Throws: `ArchiveError`.
    public func unpack(_ file: String, into root: String) throws -> Summary {
        do {
            let reader = try ArchiveReader(file: file)
            let folders = FolderChain(root: try FolderHandle(path: root))
            var unpacking = Unpacking(reader: reader, folders: folders, limits: limits)
            while try reader.next() { try unpacking.takeEntry() }
            return unpacking.summary
        } catch let failure as FileFailure {
            throw failure.error(at: failure.path)
        }
    }
}

/// One archive on its way into a folder.
private struct Unpacking {
    let reader: ArchiveReader
    let folders: FolderChain
    let limits: ArchiveUnpacker.Limits
    var summary = ArchiveUnpacker.Summary(fileCount: 0, contentSize: 0)
    private var entryCount = 0

    init(reader: ArchiveReader, folders: FolderChain, limits: ArchiveUnpacker.Limits) {
        self.reader = reader
        self.folders = folders
        self.limits = limits
    }

    mutating func takeEntry() throws {
        try Task.checkCancellation()
        entryCount += 1
        guard entryCount <= limits.entries else {
            throw ArchiveError(.tooLarge, message: "The archive has more than \(limits.entries) entries.")
        }
        let path = try checkedPath()
        guard !reader.isHardLink else {
            throw ArchiveError(.unsafe, message: "The archive has a hard link, \(path), which is not unpacked.")
        }
        do {
            let (folder, name) = try folders.parent(of: path, isMade: true)
            switch reader.type {
            case S_IFDIR: try makeFolder(name, in: folder, path: path)
            case S_IFREG: try makeFile(name, in: folder, path: path)
            case S_IFLNK: try makeLink(name, in: folder, path: path)
            default:
                throw ArchiveError(.unsafe, message: "The archive has a device or the like, \(path).")
            }
        } catch let failure as FileFailure {
            // ELOOP and ENOTDIR are what opening a link as a folder gives.
            guard failure.number == ELOOP || failure.number == ENOTDIR else { throw failure.error(at: path) }
            throw ArchiveError(
                .unsafe, message: "The archive's \(path) leads through a link or a file, which is not followed.")
        }
    }

    private func checkedPath() throws -> String {
        guard var path = reader.path else {
            throw ArchiveError(.unsafe, message: "The archive has a name that is not UTF-8.")
        }
        if path.hasSuffix("/") && path.utf8.count > 1 { path.removeLast() }
        guard !path.isEmpty, path.utf8.count < 4_096,
            path.split(separator: "/").count <= FileSelection.depthLimit
        else { throw ArchiveError(.unsafe, message: "The archive has a path that is empty, too long or too deep.") }
        return path
    }

    private func makeFolder(_ name: String, in folder: FolderHandle, path: String) throws {
        let made = try folder.folderMakingIt(name)
        // The owner can always go on with what is unpacked.
        guard fchmod(made.descriptor, reader.permissions | 0o700) == 0 else {
            throw FileFailure("set the mode of", path)
        }
    }

    private mutating func makeFile(_ name: String, in folder: FolderHandle, path: String) throws {
        try makeRoom(name, in: folder, path: path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = openat(folder.descriptor, name, flags, 0o600)
        guard file >= 0 else { throw FileFailure("make", path) }
        defer { close(file) }
        while let block = try reader.nextBlock() {
            try Task.checkCancellation()
            summary.contentSize += Int64(block.bytes.count)
            try checkSize(end: block.offset + Int64(block.bytes.count))
            var bytes = block.bytes
            var offset = block.offset
            while !bytes.isEmpty {
                let put = pwrite(file, bytes.baseAddress, bytes.count, off_t(offset))
                if put < 0 && errno == EINTR { continue }
                guard put > 0 else { throw FileFailure("write", path) }
                bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(put))
                offset += Int64(put)
            }
        }
        // A file may end with a hole.
        let size = reader.size
        try checkSize(end: size)
        guard ftruncate(file, off_t(size)) == 0 else { throw FileFailure("write", path) }
        guard fchmod(file, reader.permissions) == 0 else { throw FileFailure("set the mode of", path) }
        var times = [timespec(tv_sec: reader.modified, tv_nsec: 0), timespec(tv_sec: reader.modified, tv_nsec: 0)]
        _ = futimens(file, &times)
        summary.fileCount += 1
    }

    private mutating func makeLink(_ name: String, in folder: FolderHandle, path: String) throws {
        guard let target = reader.linkTarget, LinkRule.allows(target, at: path) else {
            throw ArchiveError(.unsafe, message: "The archive has a link, \(path), that leads out of the folder.")
        }
        try makeRoom(name, in: folder, path: path)
        guard symlinkat(target, folder.descriptor, name) == 0 else { throw FileFailure("make the link", path) }
        summary.fileCount += 1
    }

    /// Takes away a file or link of that name instead of writing into it: it may have other names elsewhere.
    private func makeRoom(_ name: String, in folder: FolderHandle, path: String) throws {
        if unlinkat(folder.descriptor, name, 0) != 0 && errno != ENOENT { throw FileFailure("replace", path) }
    }

    private func checkSize(end: Int64) throws {
        let (product, isOverflow) = reader.bytesRead.multipliedReportingOverflow(by: limits.ratio)
        let most = isOverflow ? Int64.max : max(64 << 20, product)
        guard summary.contentSize <= limits.size, end <= limits.size else {
            throw ArchiveError(.tooLarge, message: "The archive's files are larger than \(limits.size) bytes.")
        }
        guard summary.contentSize <= most else {
            throw ArchiveError(
                .tooLarge, message: "The archive's files are more than \(limits.ratio) times larger than itself.")
        }
    }
}
