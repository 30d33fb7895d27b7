import Glibc

/// Removes a folder in which strangers' jobs wrote, whatever they left: links are removed and never followed, names
/// need not be text, and trees may be deeper than a path or the stack can be.
struct FolderRemoval {
    /// Deeper folders are first moved up to the top.
    private static let depthLimit = 64

    private let top: Int32
    private var moved = 0

    /// Removes a folder with all that is in it. One that is not there is no error.
    /// - Throws: `RunnerError.folder` where something cannot be removed.
    static func remove(_ path: String) throws {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT { return }
            // No folder, but a file or a link of that name.
            guard unlink(path) == 0 else { throw PrivateFile.failure("remove", path) }
            return
        }
        defer { close(top) }
        var removal = FolderRemoval(top: top)
        do {
            repeat {
                removal.moved = 0
                // A descriptor of its own: emptying closes it.
                let copy = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard copy >= 0 else { throw Failure() }
                try removal.empty(copy, depth: 0)
            } while removal.moved > 0
        } catch let failure as Failure {
            errno = failure.number
            throw PrivateFile.failure("remove what is in", path)
        }
        guard rmdir(path) == 0 else { throw PrivateFile.failure("remove", path) }
    }

    private struct Failure: Error { let number = errno }

    private init(top: Int32) { self.top = top }

    /// Empties an open folder, and closes it.
    private mutating func empty(_ folder: Int32, depth: Int) throws {
        guard let stream = fdopendir(folder) else {
            let failure = Failure()
            close(folder)
            throw failure
        }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) + [0] }
            if name == [0x2E, 0] || name == [0x2E, 0x2E, 0] { continue }
            try name.withUnsafeBufferPointer { bytes in
                try bytes.withMemoryRebound(to: CChar.self) { try remove($0.baseAddress, from: folder, depth: depth) }
            }
        }
    }

    private mutating func remove(_ name: UnsafePointer<CChar>?, from folder: Int32, depth: Int) throws {
        guard let name else { return }
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw Failure() }
        if unlinkat(folder, name, AT_REMOVEDIR) == 0 { return }
        if depth >= Self.depthLimit {
            moved += 1
            guard renameat(folder, name, top, ".pawl-removed-\(moved)-\(UInt64.random(in: 0 ... .max))") == 0 else {
                throw Failure()
            }
            return
        }
        let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { throw Failure() }
        // A folder that nobody may write to is no obstacle to its owner.
        fchmod(inner, 0o700)
        try empty(inner, depth: depth + 1)
        guard unlinkat(folder, name, AT_REMOVEDIR) == 0 else { throw Failure() }
    }
}
