import Glibc

/// A file that is open while this exists.
final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Opens or makes a file, readable to its owner alone. Links are not followed.
    /// - Throws: `StoreError.notFound` where it is not there and not to be made, `unavailable` otherwise.
    init(_ path: String, flags: Int32) throws {
        descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        self.path = path
        guard descriptor >= 0 else {
            throw StoreError(
                errno == ENOENT ? .notFound : .unavailable, message: "Cannot open \(path): \(errorText()).")
        }
    }

    deinit { Glibc.close(descriptor) }

    /// How large it is, in bytes.
    func size() throws -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failed("look at") }
        return Int64(status.st_size)
    }

    /// Writes all bytes at an offset.
    func write(_ bytes: ArraySlice<UInt8>, at offset: Int64) throws {
        var rest = bytes
        var place = offset
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(place)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failed("write to") }
            rest = rest.dropFirst(count)
            place += Int64(count)
        }
    }

    /// Reads up to a number of bytes from an offset; fewer only at the end.
    func read(from offset: Int64, limit: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        while result.count < limit {
            let place = off_t(offset) + off_t(result.count)
            let wanted = min(limit - result.count, 1 << 20)
            var failure = false
            let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
                let count = pread(descriptor, buffer.baseAddress, wanted, place)
                failure = count < 0 && errno != EINTR
                filled = max(count, 0)
            }
            if failure { throw failed("read from") }
            if part.isEmpty { break }
            result += part
        }
        return result
    }

    /// Waits until everything written is on disk.
    func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw failed("write to") }
    }

    private func failed(_ doing: String) -> StoreError {
        let advice = errno == ENOSPC ? " Free some space on its disk." : ""
        return StoreError(.unavailable, message: "Cannot \(doing) \(path): \(errorText()).\(advice)")
    }
}
