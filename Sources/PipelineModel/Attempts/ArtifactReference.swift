/// Files that an attempt left, packed into one archive and addressed by its content.
public struct ArtifactReference: Hashable, Codable, Sendable {
    /// SHA-256 of the packed archive, 64 lower-case hexadecimal digits.
    public var sha256: String
    /// The archive's size.
    public var size: ByteCount
    /// How many files are in it.
    public var fileCount: Int
    /// The first paths in it, at most 100, for people.
    public var paths: [String]
    /// When it is removed, which the server says; nil means never.
    public var expiresAt: Timestamp?

    /// Describes an archive.
    public init(sha256: String, size: ByteCount, fileCount: Int, paths: [String], expiresAt: Timestamp? = nil) {
        self.sha256 = sha256
        self.size = size
        self.fileCount = fileCount
        self.paths = paths
        self.expiresAt = expiresAt
    }
}

/// An artifact to lay into a workspace, and whose it is.
public struct ArtifactInput: Hashable, Codable, Sendable {
    /// The name of the job that left it.
    public var job: String
    /// What it left.
    public var artifact: ArtifactReference

    /// Names an input.
    public init(job: String, artifact: ArtifactReference) {
        self.job = job
        self.artifact = artifact
    }
}
