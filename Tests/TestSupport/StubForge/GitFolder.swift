import Foundation
import Subprocess

/// A bare repository of the forge, read and written with git.
struct GitFolder: Sendable {
    /// Its path.
    let path: String

    /// The most output of git that is read.
    static let outputLimit = 64 << 20

    /// Makes an empty bare repository that takes pushes over HTTP and tells what they changed.
    static func make(at path: String, defaultBranch: String) async throws -> GitFolder {
        let folder = GitFolder(path: path)
        _ = try await folder.git(["init", "--quiet", "--bare", "--initial-branch", defaultBranch, path], inside: false)
        let settings = """
            [http]
            \treceivepack = true
            [uploadpack]
            \tallowAnySHA1InWant = true
            \tallowFilter = true
            [receive]
            \tadvertisePushOptions = true
            [gc]
            \tauto = 0

            """
        let config = URL(filePath: path + "/config")
        try (Data(contentsOf: config) + Data(settings.utf8)).write(to: config)
        // The forge names a file for each push it serves; a push to the folder itself has none, and sends no webhooks.
        let hook = "#!/bin/sh\nexec cat >\"${STUB_FORGE_PUSHED:-/dev/null}\"\n"
        let file = path + "/hooks/post-receive"
        try FileManager.default.createDirectory(atPath: path + "/hooks", withIntermediateDirectories: true)
        try Data(hook.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        return folder
    }

    /// Runs git in the repository; nil when it ends with another code than 0.
    func output(_ arguments: [String]) async throws -> String? {
        let result = try await run(
            .name("git"), arguments: Arguments(["--git-dir", path] + arguments), environment: Self.environment,
            output: .bytes(limit: Self.outputLimit), error: .discarded)
        return result.terminationStatus.isSuccess ? String(decoding: result.standardOutput, as: UTF8.self) : nil
    }

    /// Runs git, and throws with what it said where it fails.
    @discardableResult
    func git(_ arguments: [String], inside: Bool = true) async throws -> String {
        let result = try await run(
            .name("git"), arguments: Arguments((inside ? ["--git-dir", path] : []) + arguments),
            environment: Self.environment, output: .bytes(limit: Self.outputLimit), error: .string(limit: 64 << 10))
        guard result.terminationStatus.isSuccess else {
            throw StubForgeError("git \(arguments.joined(separator: " ")): \(result.standardError)")
        }
        return String(decoding: result.standardOutput, as: UTF8.self)
    }

    /// Nothing of the machine's own settings counts.
    static let environment = Environment.inherit.updating([
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
    ])

    /// The commit a revision names; nil where there is none.
    func commit(_ revision: String) async throws -> String? {
        guard !revision.hasPrefix("-"), !revision.isEmpty else { return nil }
        let text = try await output(["rev-parse", "--quiet", "--verify", revision + "^{commit}"])
        return text.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
    }

    /// The branches with their commits, by name.
    func branches() async throws -> [(name: String, commit: String)] {
        try await git(["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/"])
            .split(separator: "\n").map { line in
                let parts = line.split(separator: " ", maxSplits: 1)
                return (String(parts[1]), String(parts[0]))
            }
    }

    /// One commit as a webhook or an API shows it.
    struct Commit: Sendable {
        var id = ""
        var tree = ""
        var time = ""
        var author = ""
        var email = ""
        var message = ""
        var parents: [String] = []
        var added: [String] = []
        var removed: [String] = []
        var modified: [String] = []
    }

    /// The newest commits of a range, oldest first.
    func commits(_ range: String, limit: Int) async throws -> [Commit] {
        let format = "%x1e%H%x1f%T%x1f%aI%x1f%an%x1f%ae%x1f%P%x1f%B%x1f"
        let text = try await output([
            "-c", "core.quotePath=false", "log", "-n", String(limit), "--format=" + format, "--name-status",
            "--no-renames", range, "--",
        ])
        return (text ?? "").split(separator: "\u{1e}").dropFirst(0).compactMap { entry in
            let fields = entry.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 8 else { return nil }
            var commit = Commit(
                id: fields[0], tree: fields[1], time: fields[2], author: fields[3], email: fields[4],
                message: fields[6].trimmingCharacters(in: .newlines),
                parents: fields[5].split(separator: " ").map(String.init))
            for line in fields[7].split(separator: "\n") {
                let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "A": commit.added.append(parts[1])
                case "D": commit.removed.append(parts[1])
                default: commit.modified.append(parts[1])
                }
            }
            return commit
        }.reversed()
    }
}
