import CLibarchive

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// libarchive's writer: entries go in, compressed bytes go to a closure.
final class ArchiveWriter {
    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private let sink: Sink
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// What libarchive calls back into.
    private final class Sink {
        let write: (UnsafeRawBufferPointer) throws -> Void
        var size: Int64 = 0
        var error: (any Error)?

        init(write: @escaping (UnsafeRawBufferPointer) throws -> Void) { self.write = write }
    }

    init(write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let archive = archive_write_new(), let entry = archive_entry_new() else {
            throw ArchiveError(.failed, message: "libarchive has no memory for an archive.")
        }
        self.archive = archive
        self.entry = entry
        sink = Sink(write: write)
        // GNU's tar keeps names as the bytes they are; the newer form converts them by the process's locale.
        try check(archive_write_set_format_gnutar(archive))
        try check(archive_write_add_filter_zstd(archive))
        // The end is not padded to a tape's block: zeros after a zstd frame are no zstd.
        try check(archive_write_set_bytes_in_last_block(archive, 1))
        try check(
            archive_write_open2(
                archive, Unmanaged.passUnretained(sink).toOpaque(), nil,
                { _, context, bytes, count in
                    guard let context else { return -1 }
                    let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
                    do {
                        try sink.write(UnsafeRawBufferPointer(start: bytes, count: count))
                        sink.size += Int64(count)
                        return count
                    } catch {
                        sink.error = error
                        return -1
                    }
                }, nil, nil))
    }

    deinit {
        // Freeing an archive that was not closed would write its end.
        archive_write_fail(archive)
        archive_write_free(archive)
        archive_entry_free(entry)
    }

    /// When every entry is said to have changed, in seconds since 1970; nil for when it did.
    var time: Int?

    /// How many bytes have come out.
    var size: Int64 { sink.size }

    /// Begins an entry. Owners are not kept, and of the mode only what says read, write and execute.
    func begin(_ path: String, type: mode_t, status: stat, size: Int64, linkTarget: String? = nil) throws {
        archive_entry_clear(entry)
        archive_entry_set_pathname(entry, path)
        archive_entry_set_filetype(entry, UInt32(type))
        archive_entry_set_perm(entry, status.st_mode & 0o777)
        archive_entry_set_size(entry, size)
        #if canImport(Darwin)
            let modified = status.st_mtimespec.tv_sec
        #else
            let modified = status.st_mtim.tv_sec
        #endif
        archive_entry_set_mtime(entry, time ?? modified, 0)
        if let linkTarget { archive_entry_set_symlink(entry, linkTarget) }
        try check(archive_write_header(archive, entry))
    }

    /// Copies exactly so many bytes of an open file into the entry.
    func copy(_ file: Int32, count: Int64, path: String) throws {
        var left = count
        while left > 0 {
            let got = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, min($0.count, Int(left))) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw FileFailure("read", path) }
            guard got > 0 else {
                throw ArchiveError(.failed, message: "\(path) became shorter while it was packed.")
            }
            try Task.checkCancellation()
            let put = buffer.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, got) }
            guard put == got else { throw failure() }
            left -= Int64(got)
        }
    }

    /// Writes the archive's end.
    func close() throws { try check(archive_write_close(archive)) }

    private func check(_ code: Int32) throws {
        // A warning is about something that a reader can do without, such as an attribute.
        guard code == ARCHIVE_OK || code == ARCHIVE_WARN else { throw failure() }
    }

    private func failure() -> any Error {
        sink.error
            ?? ArchiveError(
                .failed,
                message: "The archive could not be written: "
                    + (archive_error_string(archive).map { String(cString: $0) } ?? "no reason was given"))
    }
}
