import FoundationEssentials

/// The files of a commit in a workspace, or those of a submodule in it, on their way to being complete.
struct WorkTree: Sendable {
    /// Where the files are.
    let folder: String
    /// Where its repository was cloned from.
    let address: String
    let git: GitCommand
    /// The file with the repository's own settings.
    let configuration: String
    /// The login with which its repository is read.
    let login: GitLogin?

    /// Adds to the repository's settings what every one in a workspace has, and more.
    func configure(_ more: String = "") throws {
        // Everybody is let write to the files when they are all there, which changes their times of change and nothing
        // that counts. A program that does not refresh the index first would take each of them for a changed one.
        try append("[core]\n\ttrustctime = false\n" + more)
    }

    private func append(_ settings: String) throws {
        let known = try String(contentsOfFile: configuration, encoding: .utf8)
        try Data((known + settings).utf8).write(to: URL(filePath: configuration))
    }

    /// A text as a value of a settings file.
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

// MARK: Large files

extension WorkTree {
    /// Replaces the pointers of large files by their content, where the commit has such files.
    func fetchLargeFiles() async throws {
        guard try await usesLargeFiles() else { return }
        let server = try await largeFileServer()
        _ = try await git.require(
            ["-c", "lfs.url=" + server, "lfs", "fetch", "origin", "HEAD"], in: folder, login: login,
            timeout: Mirror.fetchTimeout)
        // Set only now: with the filters in place laying the commit out would have fetched file by file.
        try append(
            """
            [filter "lfs"]
            \tsmudge = git-lfs smudge -- %f
            \tclean = git-lfs clean -- %f
            \tprocess = git-lfs filter-process

            """)
        _ = try await git.require(["lfs", "checkout"], in: folder, timeout: .minutes(30))
    }

    /// Attributes may stand in any folder.
    private func usesLargeFiles() async throws -> Bool {
        let outcome = try await git.run(
            [
                "--no-literal-pathspecs", "grep", "--quiet", "--fixed-strings", "-e", "filter=lfs", "HEAD", "--",
                ":(glob)**/.gitattributes",
            ], in: folder)
        return outcome.isSuccess
    }

    /// Where large files are fetched from: what the commit says of it counts only for the repository's own server, since
    /// they are fetched outside of the fence around jobs.
    private func largeFileServer() async throws -> String {
        let written = try await git.run(["config", "--blob", "HEAD:.lfsconfig", "--get", "lfs.url"], in: folder)
        guard written.isSuccess else { return usualLargeFileServer }
        let server = written.text.trimmingSpaces
        guard let own = GitName.origin(of: address), GitName.origin(of: server) == own else {
            throw GitError(
                .refused,
                message: "large files are fetched from the repository's own server, and .lfsconfig names another: "
                    + "\(server.prefix(200)).  Set GIT_LFS_SKIP_SMUDGE: \"1\" and run git lfs pull in the script")
        }
        return server
    }

    /// Written out, so that nothing else in the commit can say otherwise.
    private var usualLargeFileServer: String {
        if address.hasPrefix("/") { return "file://" + address }
        guard GitName.origin(of: address) != nil else { return address }
        let trimmed = String(address.reversed().drop { $0 == "/" }.reversed())
        return trimmed + (trimmed.hasSuffix(".git") ? "" : ".git") + "/info/lfs"
    }
}
