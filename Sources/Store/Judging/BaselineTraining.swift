import PipelineModel

/// A pipeline that was made because there was nothing to compare a pull request with. There is one at most for a commit,
/// whatever comes of it.
public struct BaselineTraining: Hashable, Sendable {
    /// The pipeline.
    public var pipeline: PipelineID
    /// Whether it has ended, or goes no further by itself.
    public var isEnded: Bool

    /// The one for the commit where a change left its target branch; nil where none was made.
    static func find(
        for pipeline: StoredPipeline, ground: GateGround, on connection: any DatabaseConnection
    ) throws -> BaselineTraining? {
        guard pipeline.source != .baseline, let commit = ground.ancestors.first else { return nil }
        let row = try connection.row(
            """
            SELECT 'pipeline' AS row_table, id, state FROM pipeline
            WHERE repository = $1 AND commit_sha = $2 AND ref = $3 AND source = $4 ORDER BY id LIMIT 1
            """, pipeline.repository, commit, "refs/heads/\(ground.target)", PipelineSource.baseline)
        return try row.map {
            let state = try $0.word("state", PipelineState.self)
            return BaselineTraining(pipeline: try $0.id("id"), isEnded: state.isEnded || state == .manual)
        }
    }
}

extension JudgingCase {
    /// Whether a baseline is to be had before it is judged, and whether that is under way.
    public enum BaselineNeed: Hashable, Sendable {
        /// It is judged by what there is.
        case none
        /// One is to be trained at a commit of a branch.
        case train(commit: String, branch: String)
        /// One is being trained.
        case wait(PipelineID)
    }

    /// What it needs to be compared with something.
    public var need: BaselineNeed {
        guard settings.noBaseline == .train, baseline == nil, pipeline.source != .baseline, let base,
            rules.contains(where: { $0.baseline == nil })
        else { return .none }
        guard let training else { return .train(commit: base.commit, branch: base.branch) }
        return training.isEnded ? .none : .wait(training.pipeline)
    }
}
