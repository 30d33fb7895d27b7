import Glibc
import NIOConcurrencyHelpers
import PipelineModel
import Signing

/// Artifacts as files named by their SHA-256: `ab/cdef…`. A file that is there under its name is whole.
final class BlobFolder: Sendable {
    private struct Pins {
        /// Hashes that somebody is about to refer to, and how many.
        var counts: [String: Int] = [:]
        /// While unreferenced files are being removed: every hash that was pinned since that began.
        var pinnedSince: Set<String>?
        /// Hashes that are being removed by themselves, and whether they were pinned since that began.
        var removing: [String: Bool] = [:]
    }

    private let path: String
    private let disk = DiskQueue(label: "pawl.blobs")
    private let pins = NIOLockedValueBox(Pins())
    private let nextTemporary = NIOLockedValueBox(0)

    /// Opens or makes the folder, and removes what an earlier process was in the middle of writing.
    init(path: String) throws {
        self.path = path
        try makeFolder(path)
        try makeFolder(path + "/tmp")
        for name in try Self.names(in: path + "/tmp") { unlink("\(path)/tmp/\(name)") }
    }

    /// Keeps a hash from being removed while the closure runs, which stores it and refers to it.
    func pinning<Result>(_ sha256: String, _ body: () async throws -> Result) async rethrows -> Result {
        pins.withLockedValue { pins in
            pins.counts[sha256, default: 0] += 1
            pins.pinnedSince?.insert(sha256)
            if pins.removing[sha256] != nil { pins.removing[sha256] = true }
        }
        defer {
            pins.withLockedValue { pins in
                let count = pins.counts[sha256, default: 1] - 1
                pins.counts[sha256] = count > 0 ? count : nil
            }
        }
        return try await body()
    }

    /// Stores content under the hash and size it must have. Where it is there already, the content is not read.
    /// - Throws: `StoreError.invalid` where the content is another; nothing is kept of it then.
    func store(
        sha256: String, size: ByteCount, content: AsyncThrowingStream<[UInt8], any Error>
    ) async throws {
        let target = try file(of: sha256)
        if try await disk.run({ try Self.size(of: target) }) == size.bytes { return }
        let temporary = nextTemporaryFile()
        do {
            try await write(content, to: temporary, sha256: sha256, size: size)
            try await disk.run { try Self.publish(temporary, as: target) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Whether a file is there: then it is whole.
    func contains(_ sha256: String) async throws -> Bool {
        let path = try file(of: sha256)
        return try await disk.run { try Self.size(of: path) != nil }
    }

    /// Takes over a file that was written elsewhere on the same disk, and whose content has to have a hash and a size.
    /// - Parameter move: moves it to the path it is given; nobody may have it open for writing afterwards.
    /// - Throws: `StoreError.invalid` where the content is another: then it is removed.
    func adopt(sha256: String, size: ByteCount, move: (_ target: String) async throws -> Void) async throws {
        let target = try file(of: sha256)
        let temporary = nextTemporaryFile()
        try await move(temporary)
        defer { unlink(temporary) }
        let file = try await disk.run { try OpenFile(temporary, flags: O_RDWR) }
        var hash = try SHA256Digest()
        var read: Int64 = 0
        while true {
            let place = read
            let part = try await disk.run { try file.read(from: place, limit: 1 << 20) }
            if part.isEmpty { break }
            try hash.update(part)
            read += Int64(part.count)
        }
        try Self.check(Hex.encode(try hash.finish()), read, sha256: sha256, size: size)
        try await disk.run {
            try file.synchronize()
            try Self.publish(temporary, as: target)
        }
    }

    /// The content of a file from an offset on, in parts of at most 256 KiB. It can be read to its end though it is removed
    /// meanwhile.
    /// - Throws: `StoreError.notFound` where there is none.
    func content(of sha256: String, from start: Int64 = 0) async throws -> AsyncThrowingStream<[UInt8], any Error> {
        let path = try file(of: sha256)
        let file = try await disk.run { try OpenFile(path, flags: O_RDONLY) }
        let offset = NIOLockedValueBox(start)
        let disk = disk
        return AsyncThrowingStream {
            let place = offset.withLockedValue { $0 }
            let part = try await disk.run { try file.read(from: place, limit: 256 << 10) }
            offset.withLockedValue { $0 += Int64(part.count) }
            return part.isEmpty ? nil : part
        }
    }

    /// Removes every file that nobody refers to.
    /// - Parameter referenced: says which of some hashes are referred to; asked after the files were listed.
    /// - Returns: how many were removed.
    func removeUnreferenced(_ referenced: ([String]) async throws -> Set<String>) async throws -> Int {
        pins.withLockedValue { $0.pinnedSince = Set($0.counts.keys) }
        defer { pins.withLockedValue { $0.pinnedSince = nil } }
        let hashes = try await disk.run { [path] in try Self.hashes(in: path) }
        let needed = try await referenced(hashes)
        var removed = 0
        for hash in hashes where !needed.contains(hash) {
            let file = try file(of: hash)
            // Under the lock, so that nobody finds the file there and pins it while it goes.
            let isGone = pins.withLockedValue { pins in
                !(pins.pinnedSince?.contains(hash) ?? true) && unlink(file) == 0
            }
            if isGone { removed += 1 }
        }
        return removed
    }

    /// Removes one file, unless somebody needs it or is about to.
    /// - Parameter isNeeded: says whether anything refers to it.
    func remove(_ sha256: String, unless isNeeded: () async throws -> Bool) async throws {
        let begins = pins.withLockedValue { pins in
            guard pins.counts[sha256] == nil, pins.removing[sha256] == nil else { return false }
            pins.removing[sha256] = false
            return true
        }
        guard begins else { return }
        defer { pins.withLockedValue { $0.removing[sha256] = nil } }
        guard try await !isNeeded() else { return }
        let file = try file(of: sha256)
        pins.withLockedValue { if $0.removing[sha256] == false { _ = unlink(file) } }
    }

    private func nextTemporaryFile() -> String {
        nextTemporary.withLockedValue { number in
            number += 1
            return "\(path)/tmp/\(number)"
        }
    }

    private func write(
        _ content: AsyncThrowingStream<[UInt8], any Error>, to path: String, sha256: String, size: ByteCount
    ) async throws {
        let file = try await disk.run { try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL) }
        var hash = try SHA256Digest()
        var written: Int64 = 0
        for try await part in content {
            guard written + Int64(part.count) <= size.bytes else {
                throw StoreError(
                    .invalid, message: "More came than the \(size.bytes) bytes that were announced. Send it again.")
            }
            try hash.update(part)
            let place = written
            try await disk.run { try file.write(part[...], at: place) }
            written += Int64(part.count)
        }
        try Self.check(Hex.encode(try hash.finish()), written, sha256: sha256, size: size)
        try await disk.run { try file.synchronize() }
    }

    private static func check(_ found: String, _ written: Int64, sha256: String, size: ByteCount) throws {
        guard written == size.bytes, found == sha256 else {
            throw StoreError(
                .invalid,
                message: "\(written) bytes with the hash \(found) came; \(size.bytes) with \(sha256) were announced. "
                    + "Send it again.")
        }
    }

    /// The path of a hash, which is checked, for it may come from a runner.
    private func file(of sha256: String) throws -> String {
        guard Self.isHash(sha256) else {
            throw StoreError(.invalid, message: "“\(sha256.cut(to: 80))” is not a SHA-256 in lower-case hexadecimal.")
        }
        return "\(path)/\(sha256.prefix(2))/\(sha256.dropFirst(2))"
    }

    static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy(\.isHexDigit)
    }

    /// Gives a whole file its name; both are on disk when this returns.
    private static func publish(_ temporary: String, as target: String) throws {
        let folder = String(target.prefix(target.utf8.count - 63))
        try makeFolder(folder)
        guard rename(temporary, target) == 0 else {
            throw StoreError(.unavailable, message: "Cannot put \(target) in place: \(errorText()).")
        }
        try OpenFile(folder, flags: O_RDONLY | O_DIRECTORY).synchronize()
    }

    private static func size(of path: String) throws -> Int64? {
        do {
            return try OpenFile(path, flags: O_RDONLY).size()
        } catch let error as StoreError where error.code == .notFound {
            return nil
        }
    }

    private static func hashes(in path: String) throws -> [String] {
        try names(in: path).filter { $0.utf8.count == 2 }.flatMap { folder in
            try names(in: "\(path)/\(folder)").map { folder + $0 }.filter(isHash)
        }
    }

    static func names(in folder: String) throws -> [String] {
        guard let directory = opendir(folder) else {
            throw StoreError(.unavailable, message: "Cannot list \(folder): \(errorText()).")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
