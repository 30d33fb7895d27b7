import Foundation
import PipelineModel
import Store

/// Puts a backup in the place of a stopped server's database, and keeps what was there.
struct DatabaseRestoration: Sendable {
    /// The file that `pawl backup` made.
    let backup: String
    /// The server's data folder.
    let folder: String

    /// Carries it out. The copy is whole and on disk before it takes the old one's place.
    /// - Returns: the path that the database before was moved to; nil where there was none.
    /// - Throws: `StoreError`, or `CommandFailure` where a server has the folder.
    func run(now: Timestamp) throws -> String? {
        _ = try Store.checkBackup(at: backup)
        let files = FileManager.default
        try files.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let lock = open(folder + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { if lock >= 0 { close(lock) } }
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw CommandFailure(.refused, "a server has \(folder.printable) open.  systemctl stop pawl")
        }
        let database = folder + "/pawl.sqlite"
        let copy = database + ".restored"
        try? files.removeItem(atPath: copy)
        try files.copyItem(atPath: backup, toPath: copy)
        guard let handle = FileHandle(forUpdatingAtPath: copy) else {
            throw CommandFailure(.failed, "cannot write \(copy.printable)")
        }
        try handle.synchronize()
        try handle.close()
        let kept = files.fileExists(atPath: database) ? "\(database).before-\(now.milliseconds)" : nil
        if let kept {
            // The write-ahead log belongs to the old file: left behind, it would be played into the new one.
            for suffix in ["", "-wal", "-shm"] where files.fileExists(atPath: database + suffix) {
                try files.moveItem(atPath: database + suffix, toPath: kept + suffix)
            }
        }
        try files.moveItem(atPath: copy, toPath: database)
        return kept
    }
}
