import PipelineModel

/// A file that differs between two commits, and by how much.
public struct FileChange: Hashable, Sendable {
    /// Its path.
    public var path: String
    /// How many lines were added and removed; nil of what has no lines.
    public var added: Int?, removed: Int?
}

extension Mirrors {
    /// What differs between the newest commit that two share and the second, as far as both are here: nothing is fetched.
    /// - Returns: nil where that cannot be told.
    public func changes(
        from base: String, to commit: String, of repository: RepositoryReference
    ) async throws -> [FileChange]? {
        guard let mirror = try known(repository) else { return nil }
        return try await mirror.changes(from: base, to: commit)
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
