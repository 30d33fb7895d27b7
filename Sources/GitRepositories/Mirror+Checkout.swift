import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// How a commit is laid into a workspace.
public struct CheckoutOptions: Sendable {
    /// What is done about submodules, as GitLab's `GIT_SUBMODULE_STRATEGY` says.
    public enum Submodules: String, Sendable { case none, normal, recursive }

    /// What is done about submodules.
    public var submodules: Submodules
    /// Whether large files are fetched, as `GIT_LFS_SKIP_SMUDGE` says the other way round.
    public var fetchesLargeFiles: Bool

    /// No submodules, but large files.
    public init(submodules: Submodules = .none, fetchesLargeFiles: Bool = true) {
        self.submodules = submodules
        self.fetchesLargeFiles = fetchesLargeFiles
    }
}

extension Mirror {
    /// Lays a commit into an empty folder as a git repository with a detached head.
    ///
    /// Objects are borrowed from the mirror, not copied and not linked: nothing that runs in the workspace can change
    /// the mirror, as long as it sees `path` read-only. Where `git` is to work inside a container, `path` has to be seen
    /// there under the same name. Branches stand as `refs/remotes/origin/…`, tags as they are.
    public func checkOut(
        _ source: CommitSource, of repository: RepositoryReference, into folder: String,
        options: CheckoutOptions = CheckoutOptions()
    ) async throws {
        try await prepare(source, of: repository, in: folder)
        try Data(try await remoteRefs().utf8).write(to: URL(filePath: folder + "/.git/packed-refs"))
        try await bring(source.commit, source, of: repository, into: folder, options: options)
    }

    /// Makes a repository in an empty folder that borrows the mirror's objects.
    func prepare(_ source: CommitSource, of repository: RepositoryReference, in folder: String) async throws {
        try GitName.checkCommit(source.commit)
        _ = try await git.require(["init", "--quiet", "--", folder], in: path)
        try Data((path + "/objects\n").utf8).write(to: URL(filePath: folder + "/.git/objects/info/alternates"))
    }

    /// Lays a commit out in a repository that `prepare` has made, with large files and submodules as the options say.
    /// - Parameter commit: what is laid out; the source says where it comes from, and with which login.
    func bring(
        _ commit: String, _ source: CommitSource, of repository: RepositoryReference, into folder: String,
        options: CheckoutOptions
    ) async throws {
        let inside = folder + "/.git"
        try Data((commit + "\n").utf8).write(to: URL(filePath: inside + "/HEAD"))
        let address = GitName.isAddress(repository.cloneURL) ? repository.cloneURL : path
        let tree = WorkTree(
            folder: folder, address: address, git: git, configuration: inside + "/config",
            login: GitLogin(source.credential, for: address))
        try tree.configure(workspaceSettings(address: address))
        _ = try await git.require(
            ["reset", "--hard", "--quiet", commit, "--"], in: folder, timeout: .minutes(30))
        if options.fetchesLargeFiles { try await tree.fetchLargeFiles() }
        if options.submodules != .none {
            let common = source.credential.flatMap { $0.readsSubmodules ? $0 : nil }
            let submodules = Submodules(
                repository: address, login: GitLogin(common, for: address, scope: .server), options: options,
                mirror: self)
            try await submodules.bring(into: tree)
        }
    }

    /// The mirror's branches and tags as a workspace sees them, in the form of git's packed-refs file.
    private func remoteRefs() async throws -> String {
        let listing = try await git.require(
            ["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"], in: path,
            outputLimit: 64 << 20)
        let lines = listing.text.split(separator: "\n").map { line in
            line.replacing(" refs/heads/", with: " refs/remotes/origin/", maxReplacements: 1)
        }
        return (["# pack-refs with: sorted"] + lines.sorted { $0.dropFirst(41) < $1.dropFirst(41) })
            .joined(separator: "\n") + "\n"
    }

    private func workspaceSettings(address: String) -> String {
        """
        [remote "origin"]
        \turl = \(WorkTree.quoted(address))
        \tfetch = +refs/heads/*:refs/remotes/origin/*
        [lfs]
        \tstorage = \(WorkTree.quoted(largeFiles))
        [gc]
        \tauto = 0

        """
    }
}
