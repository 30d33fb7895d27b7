import Glibc

/// The disk that a folder is on, as it was when it was looked at.
struct DiskSpace: Sendable {
    /// Tells disks apart.
    var device: UInt64
    /// What is free on it for those who are not root, in bytes.
    var free: Int64

    /// Looks at the disk of a folder.
    /// - Throws: `RunnerError.folder` where that cannot be done.
    init(of folder: String) throws {
        var status = statvfs()
        var facts = stat()
        guard statvfs(folder, &status) == 0, stat(folder, &facts) == 0 else {
            throw PrivateFile.failure("look at the disk of", folder)
        }
        device = UInt64(facts.st_dev)
        free = Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
    }
}
