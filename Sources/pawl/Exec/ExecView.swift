import Server

/// A run on this machine as `pawl exec --json` prints it.
struct ExecView: Codable, Sendable {
    /// The pipeline file's path.
    var file: String
    /// The branch it was planned for.
    var branch: String
    /// The paths in which the files on disk differed from HEAD.
    var changedFiles: [String]
    /// Jobs that were not wanted here.
    var leftOut: [UnrunJob]
    /// Jobs that were wanted and could not run here.
    var cannotRun: [UnrunJob]
    /// The pipeline as `pawl show --json` has it.
    var run: PipelineDetailView
    /// Where logs and artifacts are, within the checkout.
    var folder: String
}
