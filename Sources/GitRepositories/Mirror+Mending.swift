import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// A mirror after a full disk, or after a git that was killed: states that git does not get out of by itself.
extension Mirror {
    /// Whether a commit is here with all that it leads to. What a branch, a tag or a used commit leads to counts as whole.
    func isWhole(_ commit: String) async throws -> Bool {
        guard access(path + "/HEAD", F_OK) == 0 else { return false }
        return try await isWhole(commit, beyond: ["--not", "--all"])
    }

    /// Takes away what keeps fetches from succeeding: locks that a killed git left, and used commits that are not here
    /// whole. Only whoever has the mirror's turn calls it; a lock that somebody holds all the same guards a value that is
    /// about to be fetched anew.
    func mend() async throws {
        let files = FileManager.default
        let refs = ((try? files.subpathsOfDirectory(atPath: path + "/refs")) ?? []).map { "refs/" + $0 }
        let locks = refs.filter { $0.hasSuffix(".lock") } + ["packed-refs.lock", "HEAD.lock", "config.lock"]
        for lock in locks { unlink(path + "/" + lock) }
        for commit in (try? files.contentsOfDirectory(atPath: usedCommits)) ?? [] where GitName.isCommit(commit) {
            let isWhole = try await isWhole(commit, beyond: ["--not", "--branches", "--tags"])
            if !isWhole { unlink(usedCommits + "/" + commit) }
        }
    }

    private func isWhole(_ commit: String, beyond known: [String]) async throws -> Bool {
        try await git.run(
            ["rev-list", "--objects", "--quiet", commit + "^{commit}"] + known, in: path, timeout: Self.fetchTimeout
        ).isSuccess
    }
}
