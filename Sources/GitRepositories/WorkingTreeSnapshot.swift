import FoundationEssentials
import PipelineModel

/// A commit of a checkout as it is on disk: changes that are not committed and new files that are not ignored with it.
///
/// It is made in a bare repository of its own, which borrows the checkout's objects; the checkout's repository, index,
/// branches and stash are only read. Whoever takes one removes the folder it is in.
public struct WorkingTreeSnapshot: Sendable {
    /// The commit. HEAD itself where nothing has changed; else a commit on top of it, or one without a parent where the
    /// checkout does not have its history.
    public let commit: String
    /// The short name of the branch that leads to it in the snapshot.
    public let branch: String
    /// The commit HEAD leads to; nil before the first one.
    public let head: String?
    /// The paths in which the files on disk differ from HEAD.
    public let changedFiles: [String]
    /// How many large files of the commit the checkout has only as LFS pointers.
    public let missingLargeFiles: Int
    /// The bare repository, for reading the commit from. Its path is the address to clone from.
    public let repository: Mirror

    /// Takes a snapshot.
    /// - Parameters:
    ///   - checkout: the working copy, or a folder in it; a linked worktree will do.
    ///   - branch: what the branch is called in the snapshot, whatever HEAD is on.
    ///   - folder: an empty folder for the bare repository.
    ///   - home: the account's home, whose git settings say which files are ignored; nil leaves them out.
    /// - Throws: `GitError`: `refused` where this is no checkout that can be read so.
    public static func take(
        of checkout: String, branch: String, into folder: String, home: String? = nil
    ) async throws -> WorkingTreeSnapshot {
        let ref = "refs/heads/" + branch
        try GitName.checkRef(ref)
        let configuration = folder + "/gitconfig"
        try Data(settings.utf8).write(to: URL(filePath: configuration))
        let git = GitCommand(configuration: configuration)
        let source = try await CheckoutSource(of: checkout, home: home, git: git)
        let bare = SnapshotRepository(path: folder + "/snapshot.git", source: source, git: git)
        try await bare.make()
        let tree = try await bare.writeTree()
        let commit = try await bare.commit(tree, branch: branch)
        try await bare.require(["update-ref", ref, commit])
        let missing = try await bare.linkLargeFiles(of: commit)
        return WorkingTreeSnapshot(
            commit: commit, branch: branch, head: source.head, changedFiles: try await bare.changes(in: tree),
            missingLargeFiles: missing, repository: Mirror(path: bare.path, git: git))
    }

    /// What a ref of the checkout leads to, such as the branch as it was last pushed; nil where there is none.
    public func commit(of ref: String) async throws -> String? {
        guard GitName.isRef(ref), let checkout = try alternate() else { return nil }
        let arguments = ["--git-dir=" + checkout, "rev-parse", "--verify", "--quiet", ref + "^{commit}"]
        let outcome = try await repository.git.run(arguments, in: repository.path)
        return outcome.isSuccess ? outcome.text.trimmingSpaces : nil
    }

    /// The repository that objects are borrowed from.
    func alternate() throws -> String? {
        let text = try String(contentsOfFile: repository.path + "/objects/info/alternates", encoding: .utf8)
        let line = text.prefix { $0 != "\n" }
        return line.hasSuffix("/objects") ? String(line.dropLast("/objects".count)) : nil
    }

    /// What git goes by in the place of the account's settings: no hooks, nothing in the background.
    private static let settings = """
        [safe]
        \tdirectory = *
        [core]
        \thooksPath = /dev/null
        \tfsmonitor = false
        [gc]
        \tauto = 0
        [maintenance]
        \tauto = false
        [advice]
        \taddEmbeddedRepo = false

        """
}

extension WorkingTreeSnapshot {
    /// Where the checkout was cloned from, as its settings say; nil where they name no `origin`. It may hold a login.
    public func remoteURL() async throws -> String? {
        guard let checkout = try alternate() else { return nil }
        let outcome = try await repository.git.run(
            ["--git-dir=" + checkout, "config", "--get", "remote.origin.url"], in: repository.path)
        return outcome.isSuccess ? outcome.text.trimmingSpaces : nil
    }
}
