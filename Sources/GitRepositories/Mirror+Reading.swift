import PipelineModel

/// What a commit says of itself.
public struct CommitDescription: Hashable, Sendable {
    /// The commit's full id.
    public var id: String
    /// Its parents' ids.
    public var parents: [String]
    /// The author's name.
    public var authorName: String
    /// The author's address.
    public var authorEmail: String
    /// When it was committed, as its author's machine wrote it: ISO 8601 with the offset.
    public var committedAt: String
    /// The whole message.
    public var message: String

    /// The message's first line.
    public var title: String { message.split(whereSeparator: \.isNewline).first.map(String.init) ?? "" }
}

extension CommitDescription {
    /// How git is asked for it.
    fileprivate static let format = "--format=%H%x00%P%x00%an%x00%ae%x00%cI%x00%B"

    /// Reads git's answer; nil where it is none.
    fileprivate init?(_ answer: String) {
        let fields = answer.split(separator: "\0", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 6 else { return nil }
        self.init(
            id: fields[0], parents: fields[1].split(separator: " ").map(String.init), authorName: fields[2],
            authorEmail: fields[3], committedAt: fields[4], message: fields[5].trimmingSpaces)
    }
}

extension Mirror {
    /// A file's bytes at a commit; nil where there is no file of that path, or it is a link or a folder.
    /// - Throws: `GitError.tooLarge` for one longer than `limit` bytes.
    public func file(_ file: String, at commit: String, limit: Int = 1 << 20) async throws -> [UInt8]? {
        try GitName.checkCommit(commit)
        guard !file.isEmpty, !file.utf8.contains(0) else { return nil }
        let listing = try await git.require(["ls-tree", "-z", "--full-tree", commit, "--", file], in: path)
        // <mode> <type> <id> TAB <path> NUL
        guard let entry = listing.text.split(separator: "\0").first,
            let fields = Optional(entry.prefix { $0 != "\t" }.split(separator: " ")), fields.count == 3,
            fields[1] == "blob", fields[0].hasPrefix("100"), entry.drop(while: { $0 != "\t" }).dropFirst() == file
        else { return nil }
        return try await git.require(["cat-file", "blob", String(fields[2])], in: path, outputLimit: limit).output
    }

    /// Every path of a commit's tree.
    /// - Throws: `GitError.tooLarge` where they take more than 32 MiB to write down.
    public func tree(at commit: String) async throws -> [String] {
        try GitName.checkCommit(commit)
        let outcome = try await git.require(
            ["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit], in: path, outputLimit: 32 << 20)
        return outcome.text.split(separator: "\0").map(String.init)
    }

    /// The paths that differ between two commits, or with `sinceMergeBase` between the newest commit they share and the
    /// second; nil where the first is not here, so that nothing can be compared.
    public func changedFiles(
        from base: String, to commit: String, sinceMergeBase: Bool
    ) async throws -> [String]? {
        try GitName.checkCommit(commit)
        guard GitName.isCommit(base), try await has(base) else { return nil }
        let range = sinceMergeBase ? ["\(base)...\(commit)"] : [base, commit]
        let outcome = try await git.run(
            ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff"] + range + ["--"], in: path,
            outputLimit: 32 << 20)
        guard outcome.isSuccess else { return nil }
        return outcome.text.split(separator: "\0").map(String.init)
    }

    /// What a commit says of itself. An annotated tag's id stands for the commit it points to.
    public func describe(_ commit: String) async throws -> CommitDescription {
        try GitName.checkCommit(commit)
        let outcome = try await git.require(
            ["show", "--no-patch", "--no-show-signature", CommitDescription.format, commit + "^{commit}", "--"],
            in: path)
        guard let description = CommitDescription(outcome.text) else {
            throw GitError(.failed, message: "git show says nothing of \(commit)")
        }
        return description
    }

    /// The newest commit that changed a path, of those that lead to one commit and not to another; nil where there is
    /// none, or one of the two is not here.
    func newestChange(of file: String, after base: String, upTo commit: String) async throws -> CommitDescription? {
        guard GitName.isCommit(base), GitName.isCommit(commit) else { return nil }
        let outcome = try await git.run(
            ["log", "-1", "--no-show-signature", CommitDescription.format, "\(base)..\(commit)", "--", file], in: path)
        return outcome.isSuccess ? CommitDescription(outcome.text) : nil
    }

    /// The commit a branch points to here, as of the last fetch.
    public func head(ofBranch branch: String) async throws -> String? {
        let ref = "refs/heads/" + branch
        try GitName.checkRef(ref)
        let outcome = try await git.run(["rev-parse", "--verify", "--quiet", ref + "^{commit}"], in: path)
        return outcome.isSuccess ? outcome.text.trimmingSpaces : nil
    }
}
