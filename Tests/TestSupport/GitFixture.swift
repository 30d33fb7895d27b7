import Foundation
import PipelineModel
import Subprocess

/// A bare repository and a checkout of it in a folder of their own, made with the real git and removed at the end.
public final class GitFixture: Sendable {
    /// The folder of both.
    public let folder: String
    /// The bare repository's path.
    public let bare: String
    /// The checkout's path.
    public let checkout: String

    /// Makes both, empty, with the branch `main`.
    public init() async throws {
        folder = NSTemporaryDirectory() + "pawl-git-" + UUID().uuidString
        bare = folder + "/bare.git"
        checkout = folder + "/checkout"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await git(["init", "-q", "--bare", "-b", "main", bare], in: folder)
        try await git(["init", "-q", "-b", "main", checkout], in: folder)
        try await git(["remote", "add", "origin", bare], in: checkout)
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
    ) async throws -> String {
        for (name, text) in files {
            let path = checkout + "/" + name
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        try await git(["add", "-A"], in: checkout)
        try await git(["commit", "-q", "--allow-empty", "-m", message], in: checkout)
        try await git(["push", "-q", "--force", "origin", "HEAD:refs/heads/" + branch], in: checkout)
        return try await git(["rev-parse", "HEAD"], in: checkout)
    }

    /// Runs git as a person would.
    @discardableResult
    public func git(_ arguments: [String], in folder: String) async throws -> String {
        let identity = ["-c", "user.name=Mira", "-c", "user.email=mira@pawl.test"]
        let result = try await run(
            .name("git"),
            arguments: Arguments(["-C", folder] + identity + ["-c", "protocol.file.allow=always"] + arguments),
            environment: .inherit.updating(["GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": "/dev/null"]),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failure(arguments: arguments, said: result.standardError)
        }
        return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Git ended with another code than 0.
    public struct Failure: Error {
        /// What it was asked.
        public var arguments: [String]
        /// What it said.
        public var said: String
    }
}
