import CLibarchive

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// libarchive's reader of tar archives compressed with zstd, one entry after the other.
final class ArchiveReader {
    private let archive: OpaquePointer
    private var entry: OpaquePointer?

    init(file: String) throws {
        guard let archive = archive_read_new() else {
            throw ArchiveError(.failed, message: "libarchive has no memory for an archive.")
        }
        self.archive = archive
        // One format and one filter: each other parser would be one more that a stranger's bytes reach.
        guard archive_read_support_format_tar(archive) == ARCHIVE_OK,
            archive_read_support_filter_zstd(archive) == ARCHIVE_OK,
            archive_read_open_filename(archive, file, 64 << 10) == ARCHIVE_OK
        else { throw failure() }
    }

    deinit { archive_read_free(archive) }

    /// Goes to the next entry; false at the end.
    func next() throws -> Bool {
        switch archive_read_next_header(archive, &entry) {
        case ARCHIVE_OK: true
        case ARCHIVE_EOF: false
        default: throw failure()
        }
    }

    /// The entry's path, where it is UTF-8.
    var path: String? { text(archive_entry_pathname(entry)) }

    /// Where the entry's link leads, where that is UTF-8.
    var linkTarget: String? { text(archive_entry_symlink(entry)) }

    var isHardLink: Bool { archive_entry_hardlink(entry) != nil }

    var type: mode_t { mode_t(archive_entry_filetype(entry)) }

    /// Read, write and execute; nothing that changes whose rights a program runs with.
    var permissions: mode_t { mode_t(archive_entry_perm(entry)) & 0o777 }

    var size: Int64 { max(0, archive_entry_size(entry)) }

    /// Seconds since 1970.
    var modified: Int { archive_entry_mtime(entry) }

    /// How many compressed bytes were read so far.
    var bytesRead: Int64 { archive_filter_bytes(archive, -1) }

    /// The next bytes of the entry's content and where they belong, valid until the next call; nil at its end.
    func nextBlock() throws -> (bytes: UnsafeRawBufferPointer, offset: Int64)? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        switch archive_read_data_block(archive, &start, &count, &offset) {
        case ARCHIVE_OK: return (UnsafeRawBufferPointer(start: start, count: count), Int64(offset))
        case ARCHIVE_EOF: return nil
        default: throw failure()
        }
    }

    private func text(_ bytes: UnsafePointer<CChar>?) -> String? {
        guard let bytes else { return nil }
        return String(validatingCString: bytes)
    }

    private func failure() -> ArchiveError {
        let reason = archive_error_string(archive).map { String(cString: $0) } ?? "no reason was given"
        return ArchiveError(.unreadable, message: "The archive cannot be read: \(reason).")
    }
}
