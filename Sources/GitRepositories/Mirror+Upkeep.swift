import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// A mirror over the years: branches go, forced pushes leave commits behind, every fetch adds a pack.
extension Mirror {
    /// One file for each commit that a job has used, named after it. Its time is the last use.
    var usedCommits: String { path + "/refs/pawl" }

    /// Writes down that the mirror and a commit in it are in use: jobs borrow objects, and what is borrowed must stay
    /// though its branch goes.
    func noteUse(of commit: String) {
        utimes(path + "/HEAD", nil)
        let file = usedCommits + "/" + commit
        if utimes(file, nil) == 0 { return }
        try? FileManager.default.createDirectory(atPath: usedCommits, withIntermediateDirectories: true)
        try? Data((commit + "\n").utf8).write(to: URL(filePath: file), options: .atomic)
    }

    /// Whether a commit is here with all that it leads to.
    func isReady(_ commit: String) async throws -> Bool {
        // What was used once was looked at then.
        if access(usedCommits + "/" + commit, F_OK) == 0 { return true }
        return try await isWhole(commit)
    }

    /// Lets go of commits that nobody has used since a moment, and packs what has piled up.
    func tidyUp(commitsUsedSince moment: Timestamp) async throws {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: usedCommits)) ?? [] {
            guard let used = Self.changeTime(of: usedCommits + "/" + name), used < moment else { continue }
            unlink(usedCommits + "/" + name)
        }
        // The refs stay files, for their times. An object that nothing leads to any more has two weeks: a fetch that
        // goes on elsewhere, or a job that began a moment ago, may be about to use it.
        let settings = [
            "gc.auto=2000", "gc.autoPackLimit=20", "gc.autoDetach=false", "gc.packRefs=false", "gc.pruneExpire=2.weeks",
        ]
        _ = try await git.require(
            settings.flatMap { ["-c", $0] } + ["gc", "--auto", "--quiet"], in: path, timeout: Self.fetchTimeout)
    }

    /// Makes one pack of the small ones, once fetches have left so many that git is slower for them.
    func packIfMany(over limit: Int = 50) async {
        let packs = (try? FileManager.default.contentsOfDirectory(atPath: path + "/objects/pack")) ?? []
        guard packs.count(where: { $0.hasSuffix(".pack") }) > limit else { return }
        // What fails here fails nobody's job, and is done again.
        _ = try? await git.run(["repack", "-d", "--geometric=2", "--quiet"], in: path, timeout: Self.fetchTimeout)
    }

    /// When a mirror was last used; nil where there is none.
    static func lastUse(of path: String) -> Timestamp? { changeTime(of: path + "/HEAD") }

    private static func changeTime(of file: String) -> Timestamp? {
        var status = stat()
        guard stat(file, &status) == 0 else { return nil }
        return Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1_000)
    }
}
