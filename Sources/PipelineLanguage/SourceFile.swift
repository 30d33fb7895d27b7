/// What the caller found under a path of the repository at the pipeline's commit.
public enum SourceFile: Hashable, Sendable {
    /// The file's text.
    case text(String)
    /// There is no such file.
    case missing
}
