import Foundation

/// A copy of `pawl` in a place of its own, whose file another build takes over while it runs.
struct InstalledProgram: Sendable {
    let path: String

    /// Installs a copy in a folder.
    init(in folder: String) throws {
        path = folder + "/pawl"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: PawlProcess.binary, toPath: path)
    }

    /// Puts another build in its place, as packages do: beside it first, then with its name. What a program has after
    /// its last section changes its digest and not what it does.
    func upgrade() throws {
        let next = path + ".next"
        try FileManager.default.copyItem(atPath: PawlProcess.binary, toPath: next)
        let file = try FileHandle(forWritingTo: URL(filePath: next))
        try file.seekToEnd()
        try file.write(contentsOf: Data("another build \(UUID())".utf8))
        try file.close()
        guard rename(next, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// Puts something in its place that does not run, as a copy that was cut off does not.
    func spoil() throws {
        let next = path + ".next"
        try Data("\u{7f}ELF and no more".utf8).write(to: URL(filePath: next))
        guard chmod(next, 0o755) == 0, rename(next, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
