import Archives
import CLibarchive
import Foundation
import Testing

/// A folder for one test, removed with it, and with what may have come to lie beside it.
final class Folder: Sendable {
    let path: String
    private let around = NSTemporaryDirectory() + "pawl-archives-\(UUID().uuidString)"

    init() throws {
        path = around + "/folder"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: around) }

    /// Writes a file, and the folders it lies in.
    func write(_ name: String, _ text: String = "x") throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
    }

    func read(_ name: String) -> String? { try? String(contentsOfFile: path + "/" + name, encoding: .utf8) }

    func target(_ name: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: path + "/" + name)
    }

    /// Packs files of the folder into an archive file.
    @discardableResult
    func pack(_ paths: [String], to file: String, limit: Int64 = .max) throws -> ArchivePacker.Summary {
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let handle = try #require(FileHandle(forWritingAtPath: file))
        return try ArchivePacker(sizeLimit: limit).pack(paths, of: path) { bytes in
            try handle.write(contentsOf: Data(bytes))
        }
    }
}

/// An archive written entry by entry, with whatever an attacker would put there.
struct CraftedArchive {
    /// One entry.
    struct Entry: Sendable {
        var path: String
        var type: mode_t = S_IFREG
        var mode: mode_t = 0o644
        var content = "evil"
        var symlink: String?
        var hardlink: String?
        var size: Int64?
    }

    /// Writes the entries to a file, in the newer tar format, which GNU's differs from.
    static func write(_ entries: [Entry], to file: String) throws {
        let archive = try #require(archive_write_new())
        defer { archive_write_free(archive) }
        archive_write_set_format_pax_restricted(archive)
        archive_write_add_filter_zstd(archive)
        try #require(archive_write_open_filename(archive, file) == ARCHIVE_OK)
        for entry in entries {
            let raw = try #require(archive_entry_new())
            defer { archive_entry_free(raw) }
            archive_entry_set_pathname(raw, entry.path)
            archive_entry_set_filetype(raw, UInt32(entry.type))
            archive_entry_set_perm(raw, entry.mode)
            let hasContent = entry.type == S_IFREG && entry.hardlink == nil
            archive_entry_set_size(raw, hasContent ? entry.size ?? Int64(entry.content.utf8.count) : 0)
            if let symlink = entry.symlink { archive_entry_set_symlink(raw, symlink) }
            if let hardlink = entry.hardlink { archive_entry_set_hardlink(raw, hardlink) }
            try #require(archive_write_header(archive, raw) == ARCHIVE_OK)
            guard hasContent else { continue }
            if let size = entry.size {
                let zeros = [UInt8](repeating: 0, count: 1 << 20)
                var left = size
                while left > 0 { left -= Int64(archive_write_data(archive, zeros, min(zeros.count, Int(left)))) }
            } else {
                archive_write_data(archive, entry.content, entry.content.utf8.count)
            }
        }
        try #require(archive_write_close(archive) == ARCHIVE_OK)
    }
}
