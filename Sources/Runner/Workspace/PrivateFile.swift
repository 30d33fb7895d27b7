import Glibc

/// Writes files and folders of the runner's own.
enum PrivateFile {
    /// Makes a folder that only the runner may look into, unless a mode says otherwise. One that is there keeps what
    /// is in it.
    /// - Throws: `RunnerError.folder` where it cannot be made, or is there and is a link or another account's.
    static func makeFolder(_ path: String, mode: mode_t = 0o700) throws {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            let isLast = made.utf8.count >= path.utf8.count
            if mkdir(made, isLast ? mode : 0o755) != 0 && errno != EEXIST { throw failure("make the folder", made) }
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure("look at", path) }
        // In a folder that everybody may write to, somebody else may have come first.
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw RunnerError(
                .folder, message: "\(path) is not a folder of the runner's own account. Remove it, or name another.")
        }
        guard chmod(path, mode) == 0 else { throw failure("set the mode of", path) }
    }

    /// Writes a file whole.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        try write(Array(text.utf8), to: path, mode: mode, isDurable: false)
    }

    /// Writes a file whole, and with `isDurable` waits until it is on disk.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t, isDurable: Bool) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw failure("write", path) }
        defer { close(file) }
        var written = 0
        try bytes.withUnsafeBytes { buffer in
            while written < buffer.count {
                let count = Glibc.write(file, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure("write", path) }
                written += count
            }
        }
        // The mode of an existing file, and whatever the process leaves out of new ones.
        guard fchmod(file, mode) == 0 else { throw failure("set the mode of", path) }
        if isDurable, fsync(file) != 0 { throw failure("write to disk", path) }
    }

    /// Reads a file whole, up to a limit.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
        throw RunnerError(.folder, message: "\(path) is larger than the \(limit) bytes that are read.")
    }

    /// What the system says about the last call.
    static func failure(_ what: String, _ path: String) -> RunnerError {
        RunnerError(.folder, message: "The runner cannot \(what) \(path): \(String(cString: strerror(errno))).")
    }
}

extension PrivateFile {
    /// What the name of a file ends with that is not whole yet.
    static let unfinished = ".new"

    /// Writes a file that only the runner reads, in the place of one that may be there: whoever reads it finds the one or
    /// the other, whole, also after a crash. It is on disk when this returns. Only a crash leaves its beginnings, with the
    /// suffix `unfinished`.
    static func replace(_ path: String, with bytes: [UInt8]) throws {
        let new = path + unfinished
        do {
            try write(bytes, to: new, mode: 0o600, isDurable: true)
            guard rename(new, path) == 0 else { throw failure("put in place", path) }
        } catch {
            unlink(new)
            throw error
        }
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the folder of", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write to disk", path) }
    }
}
