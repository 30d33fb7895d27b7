/// What one planning may use at most. Pipeline files are strangers' text.
public struct PlanningLimits: Hashable, Sendable {
    /// All files of the pipeline together, in bytes of UTF-8.
    public var totalBytes: Int
    /// Values of all files together, counting every use of an anchor, a reference and an included file.
    public var nodes: Int
    /// Values of all jobs together after `extends`.
    public var expandedNodes: Int
    /// How deeply lists and maps may be nested.
    public var depth: Int
    /// Files that `include` brings in, counted over all levels. GitLab's limit is 150.
    public var includes: Int
    /// Jobs in one file set, hidden ones aside.
    public var jobs: Int
    /// Jobs that one job may need. GitLab's limit is 50.
    public var needs: Int
    /// Steps that matching of patterns and globs may take altogether.
    public var matchingSteps: Int
    /// Diagnostics that are reported; further ones are counted.
    public var diagnostics: Int

    /// The defaults: 1 MiB of text, 100,000 values, 150 includes, 1,000 jobs.
    public init(
        totalBytes: Int = 1 << 20, nodes: Int = 100_000, expandedNodes: Int = 500_000, depth: Int = 64,
        includes: Int = 150, jobs: Int = 1_000, needs: Int = 50, matchingSteps: Int = 20_000_000,
        diagnostics: Int = 200
    ) {
        self.totalBytes = totalBytes
        self.nodes = nodes
        self.expandedNodes = expandedNodes
        self.depth = depth
        self.includes = includes
        self.jobs = jobs
        self.needs = needs
        self.matchingSteps = matchingSteps
        self.diagnostics = diagnostics
    }
}
