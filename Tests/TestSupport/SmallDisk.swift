import Foundation
import Glibc

/// A disk in memory with little room, which can be filled to its end. Needs root.
public enum SmallDisk {
    /// Makes a folder and mounts a disk there.
    public static func mount(at folder: String, megabytes: Int) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", folder, "tmpfs", 0, "size=\(megabytes)m,mode=700") == 0 else {
            throw Failure(words: "mount \(folder): \(String(cString: strerror(errno)))")
        }
    }

    /// Takes it away, at the latest when nobody uses it any more.
    public static func unmount(_ folder: String) { umount2(folder, Int32(MNT_DETACH)) }

    /// Writes a file until nothing more fits on its disk.
    public static func fill(with file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(words: "open \(file): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        for size in [1 << 20, 4 << 10, 1] {
            let bytes = [UInt8](repeating: 0x2e, count: size)
            while write(descriptor, bytes, size) > 0 {}
        }
    }

    /// The system refused.
    public struct Failure: Error {
        /// What it said.
        public var words: String
    }
}
