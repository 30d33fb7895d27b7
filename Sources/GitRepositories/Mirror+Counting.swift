import PipelineModel

/// Two commits of a repository.
struct CommitPair: Hashable {
    var repository: RepositoryReference
    var base: String, commit: String
}

extension Mirrors {
    /// How many comparisons are remembered: a page that follows a pipeline asks for the same one at every change.
    private static let comparisonLimit = 64

    /// What differs between the newest commit that two share and the second, as far as both are here: nothing is fetched.
    /// - Returns: nil where that cannot be told.
    public func changes(
        from base: String, to commit: String, of repository: RepositoryReference
    ) async throws -> [FileChange]? {
        let pair = CommitPair(repository: repository, base: base, commit: commit)
        if let known = comparisons[pair] { return known }
        guard let mirror = try known(repository), let changes = try await mirror.changes(from: base, to: commit) else {
            return nil
        }
        if comparisons.count >= Self.comparisonLimit { comparisons = [:] }
        comparisons[pair] = changes
        return changes
    }

    /// The newest commit that changed a path, of those that lead to one commit and not to another; nil where there is
    /// none, or that cannot be told from what is here.
    public func newestChange(
        of file: String, after base: String, upTo commit: String, in repository: RepositoryReference
    ) async throws -> CommitDescription? {
        try await known(repository)?.newestChange(of: file, after: base, upTo: commit)
    }
}

extension Mirror {
    func changes(from base: String, to commit: String) async throws -> [FileChange]? {
        guard GitName.isCommit(base), GitName.isCommit(commit), try await has(base), try await has(commit) else {
            return nil
        }
        let outcome = try await git.run(
            ["diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "\(base)...\(commit)", "--"],
            in: path, outputLimit: 8 << 20)
        guard outcome.isSuccess else { return nil }
        // <added> TAB <removed> TAB <path> NUL, with dashes for what has no lines.
        return outcome.text.split(separator: "\0").compactMap { entry in
            let fields = entry.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            return FileChange(path: String(fields[2]), added: Int(fields[0]), removed: Int(fields[1]))
        }
    }
}
