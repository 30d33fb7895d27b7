import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// A bare copy of one repository. Commits in it can be read from any task.
public struct Mirror: Sendable {
    /// The bare repository's folder. Workspaces borrow objects from it, read-only.
    public let path: String
    let git: GitCommand
    /// Does something to a folder while nobody else does.
    var inTurn: @Sendable (_ folder: String, _ body: @Sendable () async throws -> Void) async throws -> Void = {
        try await $1()
    }
    /// Where the content of large files is kept, those of submodules among them.
    var largeFiles: String { path + "/lfs" }

    /// How long a fetch may take.
    static let fetchTimeout = Duration.minutes(30)

    /// Whether a commit is here, be it without what it leads to.
    func has(_ commit: String) async throws -> Bool {
        guard access(path + "/HEAD", F_OK) == 0 else { return false }
        return try await git.run(["cat-file", "-e", commit + "^{commit}"], in: path).isSuccess
    }

    /// Brings the branches and tags, and the commit where it is on none of them.
    func fetch(_ source: CommitSource, from url: String) async throws {
        if access(path + "/HEAD", F_OK) != 0 { try await make() }
        try await fetch(
            url, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"], credential: source.credential, prune: true)
        if try await isWhole(source.commit) { return }
        // The repository's own ref of a pull request first: the forges keep a fork's commits there too, and the fork may
        // be one that this credential cannot read. Some servers give a bare commit id as well.
        var places = [(url, source.ref), (url, source.commit)]
        if let fork = source.fetchURL {
            try GitName.checkAddress(fork)
            places += [(fork, source.commit)]
        }
        for (address, wanted) in places {
            do {
                try await fetch(
                    address, ["+\(wanted):refs/pawl/\(source.commit)"],
                    credential: address == url ? source.credential : nil, prune: false)
            } catch let error as GitError where error.code == .commitNotFound || error.code == .failed {
                continue
            }
            if try await isWhole(source.commit) { return }
        }
        throw GitError(
            .commitNotFound,
            message: "commit \(source.commit.prefix(12)) is not in the repository any more.  "
                + "It may have been replaced by a forced push; push again")
    }

    private func make() async throws {
        let temporary = path + ".new"
        try? FileManager.default.removeItem(atPath: temporary)
        let folder = path.folder
        // Jobs read the objects as the user of their image, whatever this process keeps from others.
        _ = try await git.require(["init", "--quiet", "--bare", "--shared=0644", "--", temporary], in: folder)
        try FileManager.default.moveItem(atPath: temporary, toPath: path)
    }

    private func fetch(_ url: String, _ specs: [String], credential: GitCredential?, prune: Bool) async throws {
        var arguments = [
            "fetch", "--quiet", "--no-write-fetch-head", "--no-recurse-submodules", "--no-tags", "--force",
        ]
        if prune { arguments.append("--prune") }
        func fetch(_ more: [String]) async throws {
            _ = try await git.require(
                arguments + more + ["--", url] + specs, in: path, login: GitLogin(credential, for: url),
                timeout: Self.fetchTimeout)
        }
        do {
            try await fetch([])
        } catch let error as GitError where error.code == .damaged {
            try await mend()
            // Everything, though the mirror says that it has some of it.
            try await fetch(["--refetch"])
        }
    }
}

extension String {
    /// All of the path before its last slash.
    var folder: String {
        guard let slash = lastIndex(of: "/") else { return "." }
        return String(self[..<slash])
    }
}
