import Executors
import Foundation
import Glibc

/// The folder that a run has everything in: database, mirror, workspaces. It goes with the run, however that ends.
///
/// A lock is held on it for as long as the process lives, so that the next run can tell and remove what a killed one
/// left, containers too.
final class ExecScratch: Sendable {
    /// The folder, private to this account.
    let path: String
    private let lock: Int32

    /// Where runs have their folders: on a disk, for workspaces may be large.
    private static var base: String {
        if let chosen = ProcessInfo.processInfo.environment["TMPDIR"], chosen.hasPrefix("/") { return chosen }
        return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
    }
    private static var prefix: String { "pawl-exec-\(geteuid())-" }

    /// Makes the folder.
    init() throws {
        var template = Array("\(Self.base)/\(Self.prefix)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw CommandFailure(.failed, "no folder can be made in \(Self.base): \(String(cString: strerror(errno)))")
        }
        path = String(cString: made)
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw CommandFailure(.failed, "\(path) cannot be locked: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(lock) }

    /// Where the runner keeps its id and its workspaces.
    var runner: String { path + "/runner" }

    /// Removes the folder and what the runner has in memory.
    func remove() throws { try Self.remove(path) }

    /// Removes what runs of this account left that were killed.
    static func removeLeftovers(from engine: DockerEngine) async {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [] where name.hasPrefix(prefix) {
            let path = "\(base)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
                continue
            }
            let lock = open(path + "/lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard lock >= 0 else { continue }
            defer { close(lock) }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else { continue }
            if let instance = instance(in: path) {
                let executor = DockerExecutor(engine: engine, settings: .init(instance: instance))
                for container in (try? await executor.leftovers()) ?? [] { try? await executor.destroy(container) }
            }
            try? remove(path)
        }
    }

    private static func remove(_ path: String) throws {
        if let instance = instance(in: path) {
            try? FileManager.default.removeItem(atPath: "/dev/shm/pawl-\(instance)")
        }
        try FileManager.default.removeItem(atPath: path)
    }

    /// The id of the runner that had a folder.
    private static func instance(in path: String) -> String? {
        guard let text = try? String(contentsOfFile: path + "/runner/instance", encoding: .utf8) else { return nil }
        return !text.isEmpty && text.allSatisfy(\.isHexDigit) ? text : nil
    }
}
