import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

extension Mirror {
    /// What a commit has under a job's declared inputs. A path that is not UTF-8 is never among them.
    /// - Parameter patterns: files, folders and globs; what matches a folder takes everything in it.
    /// - Throws: `GitError.tooLarge` where the commit's tree takes more than 128 MiB to write down.
    public func inputs(_ patterns: [String], at commit: String) async throws -> InputListing {
        try GitName.checkCommit(commit)
        let outcome = try await git.require(
            ["ls-tree", "-r", "-z", "--full-tree", commit], in: path, outputLimit: 128 << 20)
        let tree = outcome.text.split(separator: "\0").compactMap { line -> InputListing.Entry? in
            // <mode> <type> <id> TAB <path>
            let parts = line.split(separator: "\t", maxSplits: 1)
            let fields = parts.first?.split(separator: " ") ?? []
            guard parts.count == 2, fields.count == 3, !parts[1].contains("\u{FFFD}") else { return nil }
            return InputListing.Entry(path: String(parts[1]), mode: String(fields[0]), id: String(fields[2]))
        }
        return InputListing(patterns, of: tree)
    }

    /// The id of a commit's whole tree: two commits with the same one have the same files, all of them.
    public func treeID(of commit: String) async throws -> String {
        try GitName.checkCommit(commit)
        return try await git.require(["rev-parse", "--verify", commit + "^{tree}"], in: path).text.trimmingSpaces
    }

    /// Lays declared inputs into an empty folder, and nothing else: no other file, and no history.
    ///
    /// They are committed by themselves first, in a repository that is gone afterwards, so that large files and submodules
    /// come as in any checkout.
    public func layOut(
        _ inputs: InputListing, of source: CommitSource, in repository: RepositoryReference, into folder: String,
        options: CheckoutOptions = CheckoutOptions()
    ) async throws {
        try await prepare(source, of: repository, in: folder)
        let known = Set(inputs.entries.map(\.path))
        var listed = inputs.entries + inputs.rules.filter { !known.contains($0.path) }
        // It says where large files are fetched from; what they are is in their pointers.
        if !known.contains(".lfsconfig") {
            let listing = try await git.require(
                ["ls-tree", "-z", "--full-tree", source.commit, "--", ".lfsconfig"], in: path)
            let fields = listing.text.prefix { $0 != "\t" }.split(separator: " ")
            if fields.count == 3, fields[1] == "blob" {
                listed.append(.init(path: ".lfsconfig", mode: String(fields[0]), id: String(fields[2])))
            }
        }
        let index = listed.map { "\($0.mode) \($0.id)\t\($0.path)\0" }.joined()
        _ = try await git.require(["update-index", "-z", "--index-info"], in: folder, input: Array(index.utf8))
        let tree = try await git.require(["write-tree"], in: folder).text.trimmingSpaces
        let identity = ["-c", "user.name=Pawl", "-c", "user.email=pawl@localhost"]
        let commit = try await git.require(identity + ["commit-tree", "-m", "inputs", tree], in: folder)
        try await bring(commit.text.trimmingSpaces, source, of: repository, into: folder, options: options)
        try Self.removeHistory(from: folder, hasSubmodules: inputs.entries.contains(where: \.isSubmodule))
        for entry in listed where !known.contains(entry.path) { Self.remove(entry.path, from: folder) }
    }

    /// Removes a file that was needed on the way only. It lies beside files that stay, or at the root.
    private static func remove(_ path: String, from folder: String) { unlink("\(folder)/\(path)") }

    private static func removeHistory(from folder: String, hasSubmodules: Bool) throws {
        let files = FileManager.default
        if hasSubmodules {
            let inner = try files.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix("/.git") }
            for path in inner { try files.removeItem(atPath: "\(folder)/\(path)") }
        }
        try files.removeItem(atPath: folder + "/.git")
    }
}
