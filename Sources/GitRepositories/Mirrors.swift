import FoundationEssentials
import PipelineModel

#if canImport(Glibc)
    import Glibc
#endif

/// Where a commit is fetched from.
public struct CommitSource: Sendable {
    /// The commit, in full.
    public var commit: String
    /// The full ref that leads to it.
    public var ref: String
    /// The address it is fetched from when the repository itself does not have it, as for a fork's pull request.
    public var fetchURL: String?
    /// A credential that can read the repository.
    public var credential: GitCredential?

    /// Names a commit and the way to it.
    public init(commit: String, ref: String, fetchURL: String? = nil, credential: GitCredential? = nil) {
        self.commit = commit
        self.ref = ref
        self.fetchURL = fetchURL
        self.credential = credential
    }
}

/// A bare copy of each repository, kept up to date, from which commits are read and checked out.
///
/// One fetch of a repository runs at a time; who asks meanwhile waits and often finds the commit there. Reading needs
/// no turn. Nothing is thrown away but by `prune`.
public actor Mirrors {
    private let root: String
    private let git: GitCommand
    private var turns: [String: Turn] = [:]
    private var waiterCount: UInt64 = 0
    /// What commits differed by that were compared lately: between two commits that never changes.
    var comparisons: [CommitPair: [FileChange]] = [:]

    /// Keeps mirrors in a folder, which is made when it is not there.
    /// - Throws: when the folder cannot be written.
    public init(root: String) throws {
        self.root = root
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let configuration = root + "/gitconfig"
        // Mirrors and plain repositories may belong to other accounts of this machine. Hooks, background work and
        // pagers have no place in any of them. What is fetched stays a pack, which is there as a whole or not at all:
        // loose objects of a fetch that is broken off would be a commit without its files.
        let text = """
            [safe]
            \tdirectory = *
            [core]
            \thooksPath = /dev/null
            [gc]
            \tauto = 0
            [maintenance]
            \tauto = false
            [advice]
            \tdetachedHead = false
            [init]
            \tdefaultBranch = main
            [fetch]
            \tunpackLimit = 1

            """
        try Data(text.utf8).write(to: URL(filePath: configuration), options: .atomic)
        git = GitCommand(configuration: configuration)
    }

    /// The mirror of a repository with a commit in it, fetched when it is not there yet.
    /// - Throws: `GitError`: `commitNotFound` only when the repository answered and has no such commit.
    public func mirror(of repository: RepositoryReference, with source: CommitSource) async throws -> Mirror {
        try GitName.checkCommit(source.commit)
        try GitName.checkRef(source.ref)
        let mirror = try self.mirror(of: repository)
        if try await mirror.isReady(source.commit) {
            mirror.noteUse(of: source.commit)
            return mirror
        }
        try await inTurn(mirror.path) {
            guard try await !mirror.isReady(source.commit) else { return }
            try await mirror.fetch(source, from: repository.cloneURL)
            await mirror.packIfMany()
        }
        mirror.noteUse(of: source.commit)
        return mirror
    }

    /// The branches and tags of a repository by full ref, with the commits they lead to, asked of its server.
    public func refs(
        of repository: RepositoryReference, credential: GitCredential?
    ) async throws -> [String: String] {
        try GitName.checkAddress(repository.cloneURL)
        let outcome = try await git.require(
            ["ls-remote", "--heads", "--tags", "--", repository.cloneURL], in: root,
            login: GitLogin(credential, for: repository.cloneURL), outputLimit: 16 << 20)
        var refs: [String: String] = [:]
        for line in outcome.text.split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1).map(String.init)
            guard parts.count == 2, GitName.isCommit(parts[0]) else { continue }
            // `refs/tags/v1^{}` is what the annotated tag `v1` points to, and comes after the tag itself.
            let ref = parts[1].hasSuffix("^{}") ? String(parts[1].dropLast(3)) : parts[1]
            refs[ref] = parts[0]
        }
        return refs
    }

    /// Removes mirrors that nobody has used since a moment, and tidies up those that stay.
    /// - Parameter commitsUsedSince: what no branch or tag leads to is kept for jobs that have used it since then.
    /// - Returns: the paths that were removed.
    /// - Throws: the first error; the other mirrors are looked at all the same.
    public func prune(unusedSince moment: Timestamp, commitsUsedSince: Timestamp) async throws -> [String] {
        var removed: [String] = []
        var failure: (any Error)?
        let files = FileManager.default
        for forge in try files.contentsOfDirectory(atPath: root) {
            let folder = root + "/" + forge
            for name in (try? files.contentsOfDirectory(atPath: folder)) ?? [] where name.hasSuffix(".git") {
                let path = folder + "/" + name
                // One that is being fetched into is in use, and has its turn the next time.
                guard turns[path] == nil, let used = Mirror.lastUse(of: path) else { continue }
                do {
                    if used < moment {
                        try files.removeItem(atPath: path)
                        removed.append(path)
                    } else {
                        try await inTurn(path) {
                            try await Mirror(path: path, git: git).tidyUp(commitsUsedSince: commitsUsedSince)
                        }
                    }
                } catch {
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        return removed
    }

    /// The mirror of a repository as it is here; nil where there is none.
    func known(_ repository: RepositoryReference) throws -> Mirror? {
        let mirror = try self.mirror(of: repository)
        return FileManager.default.fileExists(atPath: mirror.path) ? mirror : nil
    }

    private func mirror(of repository: RepositoryReference) throws -> Mirror {
        try GitName.checkAddress(repository.cloneURL)
        let forge = repository.forge.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        let folder = "\(root)/\(forge.isEmpty ? "forge" : forge)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return Mirror(
            path: "\(folder)/\(repository.remoteID).git", git: git,
            inTurn: { try await self.inTurn($0, $1) })
    }

    /// Who is at a repository, and who waits.
    private struct Turn { var waiting: [(number: UInt64, continuation: CheckedContinuation<Void, any Error>)] = [] }

    private func inTurn(_ path: String, _ body: @Sendable () async throws -> Void) async throws {
        if turns[path] == nil {
            turns[path] = Turn()
        } else {
            try await waitForTurn(at: path)
        }
        defer {
            if turns[path]?.waiting.isEmpty ?? true {
                turns[path] = nil
            } else {
                turns[path]?.waiting.removeFirst().continuation.resume()
            }
        }
        try await body()
    }

    private func waitForTurn(at path: String) async throws {
        waiterCount += 1
        let number = waiterCount
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turns[path]?.waiting.append((number, $0)) }
        } onCancel: {
            // It comes to the actor after the waiter has.
            Task { await self.leave(number, at: path) }
        }
    }

    /// Takes a waiter out whose task was cancelled. One whose turn has come already goes on, and finds that out itself.
    private func leave(_ number: UInt64, at path: String) {
        guard let index = turns[path]?.waiting.firstIndex(where: { $0.number == number }) else { return }
        turns[path]?.waiting.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}
