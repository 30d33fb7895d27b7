import Glibc
import PipelineModel

extension Store {
    /// Copies the database, as it is at one moment, into a new file, while work goes on. Logs and artifacts are files
    /// beside the database and are not in it.
    /// - Throws: `StoreError.invalid` where the file is there; `unavailable` where it cannot be written.
    public func backup(to path: String) async throws {
        let temporary = path + ".part"
        guard access(path, F_OK) != 0 else {
            throw StoreError(.invalid, message: "\(path) is there already. Name a new file.")
        }
        unlink(temporary)
        let database = database
        try await DiskQueue(label: "pawl.backup").run {
            do {
                try database.backup(to: temporary)
                try OpenFile(temporary, flags: O_RDONLY).synchronize()
                guard rename(temporary, path) == 0 else {
                    throw StoreError(.unavailable, message: "Cannot put \(path) in place: \(errorText()).")
                }
            } catch {
                unlink(temporary)
                throw error
            }
        }
    }

    /// Checks that a file is a whole database of Pawl that this version can open.
    /// - Returns: its schema version.
    /// - Throws: `StoreError.corrupt` where it is damaged or no database of Pawl; `newerSchema` where it is too new.
    public static func checkBackup(at path: String) throws -> Int {
        let (verdict, version): (String?, Int?)
        do {
            (verdict, version) = try SQLiteDatabase.check(path)
        } catch {
            throw StoreError(.corrupt, message: "\(path) is not a database of Pawl, or is damaged.", cause: error)
        }
        guard let version, verdict == "ok" else {
            throw StoreError(.corrupt, message: "\(path) is damaged: \(verdict ?? "it has no version").")
        }
        let newest = Migration.all.last?.number ?? 0
        guard version <= newest else {
            throw StoreError(
                .newerSchema, message: "\(path) has schema version \(version); this Pawl knows up to \(newest).")
        }
        return version
    }
}
