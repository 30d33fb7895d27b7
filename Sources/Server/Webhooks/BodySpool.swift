import Foundation
import NIOConcurrencyHelpers

/// Keeps bodies that nobody has vouched for yet: the beginnings of a few in memory, the rest in files, all together
/// under a cap.
///
/// Bytes of strangers must not fill memory or the disk, so each body has a limit and all open ones together have one.
/// A body belongs to the request that made it, and is gone with `discard()`, or when the last reference to it goes.
final class BodySpool: Sendable {
    /// Why a body was not taken.
    enum Refusal: Error {
        /// It is longer than one body may be.
        case tooLarge(limit: Int)
        /// All open bodies together are at the cap; later there is room again.
        case full
        /// The disk does not take or give it.
        case disk(any Error)
    }

    /// How many bytes of one body stay in memory, while all together are under their own cap.
    static let inMemory = 64 << 10
    /// How many bytes of all open bodies stay in memory.
    static let inMemoryTotal = 8 << 20

    private let folder: String
    private let bodyLimit: Int
    private let totalLimit: Int
    private let used = NIOLockedValueBox(0)
    private let usedMemory = NIOLockedValueBox(0)

    /// Spools into a folder, which is emptied of what an earlier process left there.
    init(folder: String, bodyLimit: Int, totalLimit: Int) throws {
        self.folder = folder
        self.bodyLimit = bodyLimit
        self.totalLimit = totalLimit
        let files = FileManager.default
        try files.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for name in try files.contentsOfDirectory(atPath: folder) {
            try files.removeItem(atPath: folder + "/" + name)
        }
    }

    /// Starts an empty body.
    func open() -> Body { Body(spool: self) }

    private func reserve(_ count: Int) throws {
        try used.withLockedValue { used in
            guard used + count <= totalLimit else { throw Refusal.full }
            used += count
        }
    }

    private func release(_ count: Int, inMemory: Int) {
        used.withLockedValue { $0 -= count }
        usedMemory.withLockedValue { $0 -= inMemory }
    }

    /// Whether there is room in memory for that many bytes more, which are then taken.
    private func takesInMemory(_ count: Int) -> Bool {
        usedMemory.withLockedValue { used in
            guard used + count <= Self.inMemoryTotal else { return false }
            used += count
            return true
        }
    }

    /// One request's body, written by one task and read once it is whole.
    final class Body {
        private let spool: BodySpool
        private var head: [UInt8] = []
        private var file: FileHandle?
        private var path: String?
        /// How many bytes there are.
        private(set) var count = 0

        fileprivate init(spool: BodySpool) { self.spool = spool }

        deinit { discard() }

        /// Adds bytes.
        /// - Throws: `Refusal`.
        func append(_ bytes: some Collection<UInt8>) throws {
            guard count + bytes.count <= spool.bodyLimit else { throw Refusal.tooLarge(limit: spool.bodyLimit) }
            try spool.reserve(bytes.count)
            count += bytes.count
            if file == nil, head.count + bytes.count <= BodySpool.inMemory, spool.takesInMemory(bytes.count) {
                head.append(contentsOf: bytes)
                return
            }
            do {
                try overflow().write(contentsOf: Data(bytes))
            } catch {
                throw Refusal.disk(error)
            }
        }

        /// Reads the whole body.
        /// - Throws: `Refusal`.
        func contents() throws -> [UInt8] {
            guard let path else { return head }
            do {
                return try head + [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw Refusal.disk(error)
            }
        }

        /// Gives its room back. What was read stays valid.
        func discard() {
            try? file?.close()
            file = nil
            if let path { try? FileManager.default.removeItem(atPath: path) }
            path = nil
            spool.release(count, inMemory: head.count)
            count = 0
            head = []
        }

        private func overflow() throws -> FileHandle {
            if let file { return file }
            let path = "\(spool.folder)/\(UUID().uuidString)"
            guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
                let handle = FileHandle(forWritingAtPath: path)
            else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path]) }
            self.path = path
            file = handle
            return handle
        }
    }
}
