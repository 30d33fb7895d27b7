extension Mirror {
    /// The newest commit that two commits share; nil where they share none, or one of them is not here.
    public func mergeBase(of first: String, and second: String) async throws -> String? {
        guard GitName.isCommit(first), GitName.isCommit(second) else { return nil }
        let outcome = try await git.run(["merge-base", first, second], in: path)
        return outcome.isSuccess ? outcome.text.trimmingSpaces : nil
    }

    /// A commit and those before it, the newest first; none where it is not here.
    public func ancestors(of commit: String, limit: Int) async throws -> [String] {
        guard GitName.isCommit(commit) else { return [] }
        let outcome = try await git.run(["rev-list", "--max-count=\(limit)", commit], in: path)
        return outcome.isSuccess ? outcome.text.split(separator: "\n").map(String.init) : []
    }

    /// The message of an annotated tag; nil for one that only names a commit, or is not here.
    public func message(ofTag ref: String) async throws -> String? {
        try GitName.checkRef(ref)
        let kind = try await git.run(["cat-file", "-t", ref], in: path)
        guard kind.isSuccess, kind.text.trimmingSpaces == "tag" else { return nil }
        let outcome = try await git.run(["cat-file", "tag", ref], in: path)
        guard outcome.isSuccess, let begin = outcome.text.firstRange(of: "\n\n")?.upperBound else { return nil }
        return outcome.text[begin...].trimmingSpaces
    }
}
