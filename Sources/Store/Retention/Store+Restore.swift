import Glibc
import PipelineModel

extension Store {
    /// Puts a backup in the place of a data folder's database. The one that was there is kept beside it under a name of
    /// its own. The folder's logs and artifacts stay as they are.
    /// - Returns: where the former database is now; nil where there was none.
    /// - Throws: as `checkBackup`; `StoreError.inUse` where a server has the folder.
    public static func restoreBackup(at path: String, to folder: String, now: Timestamp) throws -> String? {
        _ = try checkBackup(at: path)
        try makeFolder(folder)
        let lock = try FolderLock(folder: folder)
        defer { lock.release() }
        let database = folder + "/pawl.sqlite"
        let incoming = database + ".incoming"
        unlink(incoming)
        try copy(path, to: incoming)
        var former: String?
        if access(database, F_OK) == 0 {
            let aside = "\(database).before-\(now.milliseconds)"
            // The log of writes belongs to its database: with another one it would be played into that.
            for suffix in ["", "-wal", "-shm"] where access(database + suffix, F_OK) == 0 {
                try move(database + suffix, to: aside + suffix)
            }
            former = aside
        }
        try move(incoming, to: database)
        try OpenFile(folder, flags: O_RDONLY | O_DIRECTORY).synchronize()
        return former
    }

    private static func move(_ path: String, to target: String) throws {
        guard rename(path, target) == 0 else {
            throw StoreError(.unavailable, message: "Cannot rename \(path) to \(target): \(errorText()).")
        }
    }

    private static func copy(_ path: String, to target: String) throws {
        let from = try OpenFile(path, flags: O_RDONLY)
        let into = try OpenFile(target, flags: O_WRONLY | O_CREAT | O_EXCL)
        var offset: Int64 = 0
        while true {
            let part = try from.read(from: offset, limit: 1 << 20)
            if part.isEmpty { break }
            try into.write(part[...], at: offset)
            offset += Int64(part.count)
        }
        try into.synchronize()
    }
}
