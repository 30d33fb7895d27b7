import PipelineModel

/// What a ref's change in a bare repository of this machine is about, as the repository itself has it.
public struct PushedChange: Sendable {
    /// The commit the ref points to. Of an annotated tag, what the tag is for.
    public var commit: String
    /// The commit's whole message.
    public var message: String
    /// Whether commits that the ref led to are no longer reached; nil for a new ref.
    public var isForced: Bool?
    /// The paths that differ from the commit before; empty for a new ref.
    public var changedFiles: [String]

    /// Looks at a change.
    /// - Returns: nil for a ref that is gone, or points to no commit.
    /// - Throws: `GitError`.
    public init?(in repository: String, from before: String, to after: String) async throws {
        try GitName.checkCommit(after)
        let git = GitCommand(configuration: "/dev/null")
        // Named outright, a repository may belong to another account than the one that pushes.
        func run(_ arguments: String...) async throws -> GitCommand.Outcome {
            try await git.run(["--git-dir=" + repository] + arguments, in: repository, outputLimit: 32 << 20)
        }
        let found = try await run("rev-parse", "--verify", "--quiet", after + "^{commit}")
        guard found.isSuccess else { return nil }
        let commit = found.text.trimmingSpaces
        self.commit = commit
        message = try await run("show", "--no-patch", "--no-show-signature", "--format=%B", commit, "--").text
            .trimmingSpaces
        changedFiles = []
        guard GitName.isCommit(before), try await run("cat-file", "-e", before + "^{commit}").isSuccess else { return }
        changedFiles = try await run(
            "diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", before, commit, "--"
        ).text.split(separator: "\0").map(String.init)
        isForced = try await !run("merge-base", "--is-ancestor", before + "^{commit}", commit).isSuccess
    }
}
