import Foundation

extension ClientSettings.File {
    /// Keeps it for this account's commands.
    func write(to path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try PrivateFile.write(String(decoding: try JSONEncoder().encode(self), as: UTF8.self) + "\n", to: path)
    }
}
