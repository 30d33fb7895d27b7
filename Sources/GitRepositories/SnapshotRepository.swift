import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// The bare repository that a snapshot is made in, with an index of its own.
struct SnapshotRepository: Sendable {
    let path: String
    let source: CheckoutSource
    let git: GitCommand

    /// Settings of the checkout that decide how files on disk become content.
    private static let kept = [
        "core.filemode", "core.ignorecase", "core.precomposeunicode", "core.symlinks", "core.autocrlf", "core.eol",
        "core.excludesfile",
    ]
    /// How long reading all changed files may take.
    private static let patience = Duration.minutes(30)

    /// Makes the repository: objects borrowed, the index a copy, files ignored as in the checkout.
    func make() async throws {
        guard !source.commonFolder.contains("\n") else {
            throw GitError(.refused, message: "the checkout's path has a line end in it")
        }
        _ = try await git.require(["init", "--quiet", "--bare", "--", path], in: source.root)
        try Data((source.commonFolder + "/objects\n").utf8).write(to: URL(filePath: path + "/objects/info/alternates"))
        try FileManager.default.createDirectory(atPath: path + "/info", withIntermediateDirectories: true)
        for name in ["/info/exclude", "/info/attributes"] { try copy(source.commonFolder + name, to: path + name) }
        if source.lacksHistory { try copy(source.commonFolder + "/shallow", to: path + "/shallow") }
        var settings = Self.kept.compactMap { key in source.settings[key].map { (key, $0) } }
        settings += [
            ("filter.lfs.clean", "git-lfs clean -- %f"), ("filter.lfs.process", "git-lfs filter-process"),
        ]
        for (key, value) in settings { try await require(["config", key, value]) }
        try await makeIndex()
        try await copyTags()
    }

    /// Writes the tree of all files on disk.
    func writeTree() async throws -> String {
        let files = ["--git-dir=" + path, "--work-tree=" + source.root]
        _ = try await git.require(files + ["add", "--all"], in: source.root, timeout: Self.patience)
        return try await require(["write-tree"])
    }

    /// The commit of a tree: HEAD where it has the same.
    func commit(_ tree: String, branch: String) async throws -> String {
        if let head = source.head, !source.lacksHistory, try await require(["rev-parse", head + "^{tree}"]) == tree {
            return head
        }
        let name = source.settings["user.name"] ?? "nobody"
        let mail = source.settings["user.email"] ?? "nobody@localhost"
        let below = source.head.map { "\n\nOn top of \($0)." } ?? ""
        let parent = source.lacksHistory ? [] : source.head.map { ["-p", $0] } ?? []
        return try await require(
            ["-c", "user.name=" + name, "-c", "user.email=" + mail, "-c", "commit.gpgSign=false", "commit-tree"]
                + parent + ["-m", "Changes on \(branch) that are not committed\(below)", tree])
    }

    /// The paths in which a tree differs from HEAD.
    func changes(in tree: String) async throws -> [String] {
        let arguments =
            source.head.map { ["diff-tree", "-r", "-z", "--name-only", "--no-renames", $0 + "^{tree}", tree] }
            ?? ["ls-tree", "-r", "-z", "--name-only", tree]
        let outcome = try await git.require(arguments, in: path, outputLimit: 32 << 20)
        return outcome.text.split(separator: "\0").map(String.init)
    }

    /// Lets the commit's large files be fetched from here, out of those that the checkout has.
    /// - Returns: how many it does not have.
    func linkLargeFiles(of commit: String) async throws -> Int {
        let marks = ["grep", "--quiet", "--fixed-strings", "-e", "filter=lfs", commit, "--"]
        guard try await git.run(marks, in: path).isSuccess else { return 0 }
        let listing = try await git.run(["lfs", "ls-files", "--long", commit], in: path, outputLimit: 32 << 20)
        guard listing.isSuccess else { return 0 }
        let files = FileManager.default
        var missing = 0
        for line in listing.text.split(separator: "\n") {
            let id = String(line.prefix(64))
            guard id.utf8.count == 64, GitName.isCommit(id) else { continue }
            let place = "/objects/\(id.prefix(2))/\(id.dropFirst(2).prefix(2))/"
            if files.fileExists(atPath: path + "/lfs" + place + id) { continue }
            guard files.fileExists(atPath: source.largeFiles + place + id) else {
                missing += 1
                continue
            }
            try files.createDirectory(atPath: path + "/lfs" + place, withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: path + "/lfs" + place + id, withDestinationPath: source.largeFiles + place + id)
        }
        return missing
    }

    /// Runs git here, and gives its one line.
    @discardableResult
    func require(_ arguments: [String]) async throws -> String {
        try await git.require(arguments, in: path).text.trimmingSpaces
    }

    /// A copy of the checkout's index knows which files have not changed since, so that they need not be read.
    private func makeIndex() async throws {
        let isSplit = try FileManager.default.contentsOfDirectory(atPath: source.gitFolder).contains {
            $0.hasPrefix("sharedindex.")
        }
        if !isSplit {
            try copy(source.gitFolder + "/index", to: path + "/index")
            try keepTime(of: source.gitFolder + "/index", on: path + "/index")
        } else if let head = source.head {
            // Half of it is in another file, which is found only beside the original.
            try await require(["read-tree", head])
        }
    }

    /// Git reads a file again that is not older than the index: a copy with a later time would hide a change that was made
    /// in the same moment, and of the same length, as the last commit.
    private func keepTime(of original: String, on copy: String) throws {
        var status = stat()
        guard stat(original, &status) == 0 else { return }
        let times = [status.st_atim, status.st_mtim]
        guard utimensat(AT_FDCWD, copy, times, 0) == 0 else {
            throw GitError(.failed, message: "the time of \(copy) cannot be set: \(String(cString: strerror(errno)))")
        }
    }

    /// Tags of the commit's history, by which programs tell their version.
    private func copyTags() async throws {
        guard source.head != nil, !source.lacksHistory else { return }
        let listing = try await git.run(
            ["for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags"], in: source.root,
            outputLimit: 16 << 20)
        guard listing.isSuccess else { return }
        try Data(listing.output).write(to: URL(filePath: path + "/packed-refs"))
    }

    private func copy(_ file: String, to target: String) throws {
        let files = FileManager.default
        guard files.fileExists(atPath: file) else { return }
        if files.fileExists(atPath: target) { try files.removeItem(atPath: target) }
        try files.copyItem(atPath: file, toPath: target)
    }
}
