import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// Brings the submodules of a checkout, each from a mirror of its own that is kept beside the repository's.
///
/// Whoever can push chooses their addresses, and they are fetched outside of the fence around jobs, by an account that
/// may have keys of its own. So those of a server's repository come from servers that prove who they are, or from the
/// repository's own, and without a login unless an administrator says otherwise.
struct Submodules: Sendable {
    /// The address of the repository that the outermost checkout is of.
    let repository: String
    /// The login for submodules on the repository's own server.
    let login: GitLogin?
    let options: CheckoutOptions
    /// The mirror of that repository, which keeps those of the submodules.
    let mirror: Mirror

    /// How deep they may stand in each other.
    private static let depthLimit = 16

    /// A submodule that is declared, and is to be brought.
    private struct Submodule {
        var name: String
        var path: String
        var commit: String
        var mirror: SubmoduleMirror
        var reach: GitCommand.Reach

        var address: String { mirror.address }
        /// The setting that says where git takes it from.
        var setting: String { "submodule.\(name).url" }
    }

    /// How many are fetched at once.
    private static let width = 4

    /// Brings those of a checkout, and with `recursive` those in them.
    func bring(into tree: WorkTree, depth: Int = 1) async throws {
        guard access(tree.folder + "/.gitmodules", F_OK) == 0 else { return }
        guard depth <= Self.depthLimit else {
            throw GitError(.refused, message: "submodules stand in each other more than \(Self.depthLimit) deep")
        }
        _ = try await tree.git.require(["submodule", "--quiet", "init"], in: tree.folder)
        let declared = try await declared(in: tree)
        guard !declared.isEmpty else { return }
        try await fetch(declared)
        for each in declared {
            _ = try await tree.git.require(["config", each.setting, each.mirror.cloneURL], in: tree.folder)
        }
        _ = try await tree.git.require(
            ["submodule", "--quiet", "update", "--jobs", "\(Self.width)", "--"] + declared.map(\.path), in: tree.folder,
            timeout: .minutes(30))
        for submodule in declared {
            let folder = tree.folder + "/" + submodule.path
            _ = try await tree.git.require(["config", submodule.setting, submodule.address], in: tree.folder)
            // The file may declare one that is not to be updated.
            guard access(folder + "/.git", F_OK) == 0 else { continue }
            try await complete(submodule, of: tree, depth: depth)
        }
    }

    /// Brings the mirrors up to the commits that are wanted of them.
    private func fetch(_ submodules: [Submodule]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = submodules.makeIterator()
            func fetchNext() {
                guard let next = waiting.next() else { return }
                group.addTask {
                    try await mirror.inTurn(next.mirror.path) {
                        try await next.mirror.bring(next.commit, login: login, reach: next.reach)
                    }
                }
            }
            for _ in 0..<Self.width { fetchNext() }
            while try await group.next() != nil { fetchNext() }
        }
    }

    private func complete(_ submodule: Submodule, of tree: WorkTree, depth: Int) async throws {
        let folder = tree.folder + "/" + submodule.path
        let place = try await tree.git.require(
            ["rev-parse", "--path-format=absolute", "--git-path", "config"], in: folder)
        let inner = WorkTree(
            folder: folder, address: submodule.address, git: tree.git, configuration: place.text.trimmingSpaces,
            login: login)
        try inner.configure("[lfs]\n\tstorage = \(WorkTree.quoted(mirror.largeFiles))\n")
        // It was cloned from the mirror; whoever works in it goes on from its own server.
        _ = try await tree.git.require(["config", "remote.origin.url", submodule.address], in: folder)
        // Another server could send whoever fetches large files anywhere: those stay pointers.
        if options.fetchesLargeFiles, GitName.isLocal(repository) || isOwn(submodule.address) {
            try await inner.fetchLargeFiles()
        }
        if options.submodules == .recursive { try await bring(into: inner, depth: depth + 1) }
    }

    /// The submodules that both the commit and its `.gitmodules` have, with the addresses as git resolved them.
    private func declared(in tree: WorkTree) async throws -> [Submodule] {
        let paths = try await settings(["--blob", "HEAD:.gitmodules"], ending: "path", in: tree)
        let addresses = try await settings(["--local"], ending: "url", in: tree)
        let tracked = try await trackedCommits(among: Array(paths.values), in: tree)
        return try addresses.sorted { $0.key < $1.key }.compactMap { name, address in
            guard let path = paths[name], let commit = tracked[path] else { return nil }
            return Submodule(
                name: name, path: path, commit: commit, mirror: try SubmoduleMirror(of: address, in: mirror),
                reach: try reach(of: address, named: name))
        }
    }

    /// Settings `submodule.<name>.<ending>` by name.
    private func settings(_ place: [String], ending: String, in tree: WorkTree) async throws -> [String: String] {
        let outcome = try await tree.git.run(
            ["config", "-z"] + place + ["--get-regexp", "^submodule\\..*\\.\(ending)$"], in: tree.folder)
        var settings: [String: String] = [:]
        for entry in outcome.text.split(separator: "\0") {
            let parts = entry.split(separator: "\n", maxSplits: 1).map(String.init)
            guard outcome.isSuccess, parts.count == 2 else { continue }
            settings[String(parts[0].dropFirst("submodule.".count).dropLast(ending.count + 1))] = parts[1]
        }
        return settings
    }

    /// The commits of those paths that are submodules in the commit that is checked out.
    private func trackedCommits(among paths: [String], in tree: WorkTree) async throws -> [String: String] {
        let possible = paths.filter { path in
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            return !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
        }
        guard !possible.isEmpty else { return [:] }
        let listing = try await tree.git.require(
            ["ls-tree", "-z", "--full-tree", "HEAD", "--"] + possible, in: tree.folder, outputLimit: 16 << 20)
        // <mode> commit <id> TAB <path> NUL
        let entries = listing.text.split(separator: "\0").filter { $0.hasPrefix("160000 ") }
        let commits = try entries.compactMap { entry -> (String, String)? in
            let parts = entry.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let commit = parts[0].split(separator: " ").last.map(String.init) else {
                return nil
            }
            try GitName.checkCommit(commit)
            return (String(parts[1]), commit)
        }
        return Dictionary(commits, uniquingKeysWith: { $1 })
    }

    /// How git may get to an address.
    /// - Throws: `GitError.refused` where it may not go there at all.
    private func reach(of address: String, named name: String) throws -> GitCommand.Reach {
        if GitName.isLocal(repository) { return .anywhere }
        if isOwn(address) { return address.hasPrefix("https://") ? .provenServers : .namedServer }
        if address.hasPrefix("https://"), GitName.isAddress(address), !GitName.namesThisMachine(address) {
            return .provenServers
        }
        throw GitError(
            .refused,
            message: "the submodule \(name.prefix(80)) is at \(address.prefix(200)), where submodules are not fetched "
                + "from.  Give it an https address, or one relative to the repository, such as ../library.git")
    }

    private func isOwn(_ address: String) -> Bool {
        guard let own = GitName.origin(of: repository) else { return false }
        return GitName.origin(of: address) == own && GitName.isAddress(address)
    }
}
