import Foundation
import Glibc
import PipelineModel

/// A bare repository and a checkout of it in a folder of their own, made with the real git and removed at the end.
public final class GitFixture: Sendable {
    /// The folder of both.
    public let folder: String
    /// The bare repository's path.
    public let bare: String
    /// The checkout's path.
    public let checkout: String

    /// Makes both, empty, with the branch `main`.
    public init() throws {
        folder = NSTemporaryDirectory() + "pawl-git-" + UUID().uuidString
        bare = folder + "/bare.git"
        checkout = folder + "/checkout"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try git(["init", "-q", "--bare", "-b", "main", bare], in: folder)
        try git(["init", "-q", "-b", "main", checkout], in: folder)
        try git(["remote", "add", "origin", bare], in: checkout)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The bare repository, as a plain-Git forge knows it.
    public var repository: RepositoryReference {
        RepositoryReference(forge: "git", remoteID: 7, name: "churn", cloneURL: bare, defaultBranch: "main")
    }

    /// Writes files, commits and pushes them.
    /// - Returns: the commit.
    @discardableResult
    public func push(
        _ files: [String: String], message: String = "a change", branch: String = "main"
    ) throws -> String {
        for (name, text) in files {
            let path = checkout + "/" + name
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        try git(["add", "-A"], in: checkout)
        try git(["commit", "-q", "--allow-empty", "-m", message], in: checkout)
        try git(["push", "-q", "--force", "origin", "HEAD:refs/heads/" + branch], in: checkout)
        return try git(["rev-parse", "HEAD"], in: checkout)
    }

    /// Runs git as a person would.
    ///
    /// Foundation's `Process` was seen to crash when many tests start one at a time, so the system is asked itself.
    @discardableResult
    public func git(_ arguments: [String], in folder: String) throws -> String {
        let identity = ["-c", "user.name=Mira", "-c", "user.email=mira@pawl.test"]
        let line = ["git", "-C", folder] + identity + ["-c", "protocol.file.allow=always"] + arguments
        let output = self.folder + "/output-" + UUID().uuidString
        defer { unlink(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT, 0o600)
        var words = line.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        guard posix_spawnp(&process, "git", &actions, nil, &words, environ) == 0 else {
            throw Failure(arguments: arguments)
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failure(arguments: arguments) }
        return try String(contentsOfFile: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs git on a thread of its own: what waits for a server of this process must not hold one that the server needs.
    @discardableResult
    public func gitAside(_ arguments: [String], in folder: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try self.git(arguments, in: folder) })
            }
        }
    }

    /// Git ended with another code than 0.
    public struct Failure: Error {
        /// What it was asked.
        public var arguments: [String]
    }
}
