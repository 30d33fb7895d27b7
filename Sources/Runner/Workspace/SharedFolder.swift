import Glibc

/// Lets every user read and write what was laid into a folder: which user a job's image runs as is not known, and it
/// has to be able to write where the commit has files. The folder around is the runner's alone.
enum SharedFolder {
    /// What lies deeper is left as it is.
    private static let depthLimit = 200

    /// Opens a folder with all that is in it. Links are neither followed nor changed.
    /// - Throws: `RunnerError.folder` where something cannot be changed.
    static func open(_ path: String) throws {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw PrivateFile.failure("open", path) }
        guard open(folder, depth: 0) else { throw PrivateFile.failure("let everybody write to", path) }
    }

    /// Opens an open folder, and closes it. One descriptor for each level: a runner has many jobs at once.
    private static func open(_ folder: Int32, depth: Int) -> Bool {
        guard depth < depthLimit else {
            close(folder)
            return true
        }
        guard let stream = fdopendir(folder) else {
            close(folder)
            return false
        }
        defer { closedir(stream) }
        guard fchmod(folder, 0o777) == 0 else { return false }
        while let entry = readdir(stream) {
            let isOpen = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.withMemoryRebound(to: CChar.self) { open($0.baseAddress, in: folder, depth: depth) }
            }
            guard isOpen else { return false }
        }
        return true
    }

    private static func open(_ name: UnsafePointer<CChar>?, in folder: Int32, depth: Int) -> Bool {
        guard let name, strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return true }
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            let inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            return inner >= 0 && open(inner, depth: depth + 1)
        case S_IFREG:
            // Nothing of the job runs yet, so the name still is the file that was looked at.
            let mode: mode_t = status.st_mode & 0o100 != 0 ? 0o777 : 0o666
            return status.st_mode & 0o777 == mode || fchmodat(folder, name, mode, 0) == 0
        default: return true
        }
    }
}
