import Foundation

extension ClientSettings.File {
    /// Keeps it for this account's commands, unless the file there leads to another server: its token may be the only
    /// copy there is.
    /// - Parameters:
    ///   - path: the client file; nil writes none.
    ///   - isForced: whether a person has asked for the other server's to be replaced.
    /// - Returns: the path that was written, or the path that was left alone.
    func offer(to path: String?, replacing isForced: Bool) throws -> (written: String?, kept: String?) {
        guard let path else { return (nil, nil) }
        if !isForced, let data = FileManager.default.contents(atPath: path), !data.isEmpty {
            let other = try? JSONDecoder().decode(Self.self, from: data)
            if other?.server != server { return (nil, path) }
        }
        try write(to: path)
        return (path, nil)
    }

    private func write(to path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try PrivateFile.write(String(decoding: try JSONEncoder().encode(self), as: UTF8.self) + "\n", to: path)
    }
}
