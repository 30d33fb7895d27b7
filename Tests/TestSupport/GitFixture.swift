import Foundation
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
    @discardableResult
    public func git(_ arguments: [String], in folder: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "git", "-c", "user.name=Mira", "-c", "user.email=mira@pawl.test", "-c", "protocol.file.allow=always",
            ] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Git ended with another code than 0.
    public struct Failure: Error {
        /// What it was asked.
        public var arguments: [String]
    }
}
