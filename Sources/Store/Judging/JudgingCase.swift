import PipelineModel

/// A node of a pipeline whose jobs have ended and whose metrics are to be judged, with all that it is judged by.
public struct JudgingCase: Sendable {
    /// The pipeline.
    public var pipeline: StoredPipeline
    /// The node.
    public var node: String
    /// The rules, and how they judge.
    public var rules: [GateRule], settings: JudgeSettings
    /// How many seeds the target branch's gate asks for at least.
    public var requiredSeeds: Int
    /// What each seed reported; nil for one that reported nothing.
    public var candidate: [Int: MetricReport?]
    /// The accepted results to compare with; nil where there are none.
    public var baseline: AcceptedResults?
    /// The pipeline that was made because the target branch has no results; nil where none was.
    public var training: BaselineTraining?
    /// The results of the last release.
    public var release: AcceptedResults?
    /// Results of the target branch since the release.
    public var history: [AcceptedResults]
    /// Which look at this pull request, or branch, it is.
    public var look: Int
    /// How many judgements of this node there have been since the release, with this one.
    public var releaseLook: Int
    /// Whether an earlier look found it worse.
    public var mustShow: Bool

    /// Where the change left its target branch; nil where that is not known.
    let base: (commit: String, branch: String)?
    /// The attempts whose reports count, by seed.
    let counted: [Int: AttemptID]
    let life: String
    /// The jobs as they were seen.
    let jobs: [JobRow]
}
