import Foundation

/// Writes files that only their owner may read.
enum PrivateFile {
    /// Writes a text; the file is never readable to others, not even while it is written.
    static func write(_ text: String, to path: String) throws {
        let temporary = "\(path).\(UUID().uuidString)"
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw SettingsError(problems: ["cannot write \(path).  Is its folder there, and yours?"]) }
        guard rename(temporary, path) == 0 else {
            try? FileManager.default.removeItem(atPath: temporary)
            throw SettingsError(problems: ["cannot write \(path): \(String(cString: strerror(errno)))"])
        }
    }
}
